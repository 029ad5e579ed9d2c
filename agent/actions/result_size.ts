import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Text } from "./read_element.ts";

/**
 * The text, when it fits into an answer.
 *
 * @throws {ViperError} `result_too_large` when it has more than `RESULT_BYTES_MAX` bytes
 */
export function fitting(result: Text, action: string): string {
  const size = "text" in result ? new TextEncoder().encode(result.text).length : result.tooLong;
  assertFits(size, action);
  if ("text" in result) return result.text;
  throw tooLarge(size, action);
}

/** @throws {ViperError} `result_too_large` when there are more than `RESULT_BYTES_MAX` bytes */
export function assertFits(size: number, action: string): void {
  if (size > RESULT_BYTES_MAX) throw tooLarge(size, action);
}

function tooLarge(size: number, action: string): ViperError {
  return new ViperError(
    "result_too_large",
    `Cannot ${action}: the result has at least ${size} bytes, and ${RESULT_BYTES_MAX} may be sent`,
    { hint: "Ask for a smaller part of it" },
  );
}

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
  if ("text" in result && size <= RESULT_BYTES_MAX) return result.text;
  throw new ViperError(
    "result_too_large",
    `Cannot ${action}: the result has at least ${size} bytes, and ${RESULT_BYTES_MAX} may be sent`,
    { hint: "Ask for a smaller part of it" },
  );
}

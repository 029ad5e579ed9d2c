import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { browserTraceStart, browserTraceStop } from "../../protocol/performance.ts";
import type { BrowserContext } from "../action_runner.ts";

/** Begins to record. */
export async function startTrace(
  { categories, screenshots, buffer_mb }: ParsedOf<typeof browserTraceStart>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserTraceStart>> {
  await pages.tracing.start({ categories, screenshots, bufferMb: buffer_mb }, deadline);
  return { status: "ok" };
}

/** Ends it, with what was recorded. */
export async function stopTrace(
  _: ParsedOf<typeof browserTraceStop>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserTraceStop>> {
  const { bytes, isCut } = await pages.tracing.stop(deadline);
  return { data: bytes.toBase64(), byte_length: bytes.length, is_cut: isCut };
}

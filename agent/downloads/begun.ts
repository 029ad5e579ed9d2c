import { ViperError } from "../../protocol/problems.ts";
import type { Deadline } from "../deadline.ts";
import { quote } from "../quote.ts";
import type { Downloads } from "./downloads.ts";

/** Chrome tells of a download right behind its answer to the navigation. */
const BEGIN_TIMEOUT_MS = 2_000;

/**
 * Why a navigation led to no page, with the download that it led to.
 *
 * @param before the last of the frame's downloads before the navigation
 */
export async function downloadBegun(
  downloads: Downloads,
  frameId: string,
  before: string | undefined,
  deadline: Deadline,
): Promise<ViperError> {
  const over = new AbortController();
  const late = deadline.clock.sleep(BEGIN_TIMEOUT_MS, over.signal).then(() => true, () => true);
  try {
    while (true) {
      const changed = downloads.changed().then(() => false);
      const begun = downloads.lastOf(frameId);
      if (begun !== undefined && begun.id !== before) {
        const name = quote(begun.suggested_filename);
        return started(`it is a file, ${name}, and comes as the download ${quote(begun.id)}`);
      }
      const isLate = await deadline.race("its download", Promise.race([changed, late]));
      if (isLate) return started("it is a file, and Chrome does not download it");
    }
  } finally {
    over.abort();
  }
  function started(reason: string): ViperError {
    return new ViperError("download_started", `Cannot ${deadline.action}: ${reason}`);
  }
}

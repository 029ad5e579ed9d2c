/** What a process of somebody else's start writes to a file, as lines, from its beginning on. */
import type { Host } from "../host/host.ts";
import type { OnOutput } from "./chrome.ts";
import { Lines } from "../protocol/lines.ts";

const POLL_INTERVAL_MS = 250;
const CHUNK_BYTES = 64 * 1024;
/**
 * A file that has been read so far is emptied. Who writes it appends, so goes on at its beginning.
 * The file system that it is on is small besides (`init/init`): whatever the agent does, the file
 * cannot grow without bound, and who writes it is never held up, as a full pipe would.
 */
const EMPTIED_FROM_BYTES = 1024 * 1024;

/** Reads until disposed, and then what is left. */
export function followFile(path: string, host: Host, onLine: OnOutput): AsyncDisposable {
  const ended = new AbortController();
  const lines = new Lines(onLine);
  let offset = 0;
  const readOn = async () => {
    if (await host.files.stat("agent.output:stat", path) === null) return;
    while (true) {
      const chunk = await host.files.readFrom("agent.output:read", path, offset, CHUNK_BYTES);
      if (chunk.length === 0) break;
      offset += chunk.length;
      lines.push(chunk);
    }
    if (offset < EMPTIED_FROM_BYTES) return;
    await host.files.write("agent.output:empty", path, "");
    offset = 0;
  };
  const run = async () => {
    while (!ended.signal.aborted) {
      await readOn();
      await host.clock.sleep(POLL_INTERVAL_MS, ended.signal).catch(() => {}); // Ended by disposal.
    }
  };
  const running = run().catch((error) =>
    host.log("warn", "Chrome's output is not read", { reason: String(error) })
  );
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await running;
      await readOn().catch(() => {}); // Told above, if it failed before.
      lines.end();
    },
  };
}

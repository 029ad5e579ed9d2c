import type { Clock, Files } from "../host/host.ts";
import { type Download, downloadsFetch } from "../protocol/downloads.ts";
import type { downloadOperations } from "../protocol/downloads.ts";
import type { Handlers } from "../protocol/operation.ts";
import type { Call } from "./action_runner.ts";
import { Deadline } from "./deadline.ts";
import type { Downloads } from "./downloads/downloads.ts";
import { fileResponse } from "./downloads/read_file.ts";
import { quote } from "./quote.ts";

/** Operations on what was downloaded; they need no page, and no Chrome that runs. */
export function downloadHandlers(
  downloads: Downloads,
  { files, clock }: { readonly files: Files; readonly clock: Clock },
): Handlers<typeof downloadOperations, Call> {
  return {
    downloadsList: ({ page, state }) => {
      const fits = (one: Download) =>
        (page === undefined || one.page === page) && (state === undefined || one.state === state);
      return Promise.resolve({
        downloads: downloads.all.filter(fits),
        dropped: downloads.dropped,
      });
    },
    downloadsWait: async ({ id, timeout_ms }, { signal }) => {
      const action = id === undefined
        ? "wait for a download"
        : `wait for the download ${quote(id)}`;
      using deadline = new Deadline(clock, action, timeout_ms, [signal]);
      while (true) {
        const changed = downloads.changed();
        const wanted = id === undefined ? downloads.untold : downloads.get(id, action);
        if (wanted !== undefined && wanted.state !== "in_progress") {
          downloads.tell(wanted.id);
          return wanted;
        }
        await deadline.race(wanted === undefined ? "one to begin" : "its end", changed);
      }
    },
    downloadsFetch: async ({ id }) => {
      const action = `fetch the download ${quote(id)}`;
      const path = await downloads.pathOf(id, action);
      const { suggested_filename } = downloads.get(id, action);
      return await fileResponse(path, suggested_filename, downloadsFetch.stream ?? "", files);
    },
    downloadsDelete: async ({ id }) => {
      await downloads.delete(id, `delete the download ${quote(id)}`);
      return { status: "ok" };
    },
    downloadsClear: async () => {
      const all = downloads.all;
      for (const { id } of all) await downloads.delete(id, `delete the download ${quote(id)}`);
      return { deleted: all.length };
    },
  };
}

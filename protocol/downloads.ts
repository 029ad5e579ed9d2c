/** Files that pages download, kept in the guest: schemas and operations. */
import * as z from "zod";
import { done, pageId, queryTimeoutMs, timeoutMs } from "./browser.ts";
import { operation } from "./operation.ts";

/** Characters of a download's address that are told. */
export const DOWNLOAD_URL_LENGTH_MAX = 8_192;

/** Chrome's own name of a download. */
const downloadId = z.string().regex(/^[0-9A-Za-z-]{1,64}$/, "an id is letters, digits and dashes")
  .describe("Id of the download, as downloads.list tells it");

/** Where a download may stand. */
export const DOWNLOAD_STATES = ["in_progress", "completed", "canceled", "failed"] as const;

/** A file on its way into the guest, or there. */
export const download = z.object({
  id: z.string().describe("What the other operations know it by"),
  url: z.string(),
  suggested_filename: z.string()
    .describe("What the page or its server calls the file, made safe to be a file's name"),
  state: z.enum(DOWNLOAD_STATES)
    .describe(
      "canceled: Chrome ended it before it was whole; failed: the agent did, or Chrome ended",
    ),
  received_bytes: z.number(),
  total_bytes: z.number().optional().describe("Left out as long as nobody knows"),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().optional(),
  page: z.string().optional()
    .describe("Id of its page; left out where that was gone by then, or is a DevTools client's"),
  reason: z.string().optional().describe("Why it has failed"),
});
/** A file on its way into the guest, or there. */
export type Download = z.infer<typeof download>;

export const downloadsList = operation({
  name: "downloads.list",
  summary: "List the files that pages have downloaded, or are downloading, oldest first",
  http: { method: "GET", path: "/v1/downloads", status: 200 },
  input: z.strictObject({
    page: pageId.optional().describe("Only those of the page with this id"),
    state: z.enum(DOWNLOAD_STATES).optional().describe("Only those that stand here"),
    timeout_ms: queryTimeoutMs,
  }),
  output: z.object({
    downloads: z.array(download),
    dropped: z.int().describe("Downloads that had to make room for newer ones, ever"),
  }),
  errors: [],
});

export const downloadsWait = operation({
  name: "downloads.wait",
  summary: "Wait until a download has ended; without an id, the next that no wait has told of",
  http: { method: "POST", path: "/v1/downloads/wait", status: 200 },
  input: z.strictObject({
    id: downloadId.optional()
      .describe("Id of the download; left out: the next that no wait has told of"),
    timeout_ms: timeoutMs,
  }),
  output: download,
  errors: ["download_not_found", "timeout"],
});

export const downloadsFetch = operation({
  name: "downloads.fetch",
  summary: "Fetch the bytes of a downloaded file",
  http: { method: "GET", path: "/v1/downloads/{id}/file", status: 200 },
  input: z.strictObject({ id: downloadId, timeout_ms: queryTimeoutMs }),
  output: z.instanceof(Response),
  stream: "application/octet-stream",
  errors: ["download_not_found", "download_not_complete"],
});

export const downloadsDelete = operation({
  name: "downloads.delete",
  summary: "Delete a downloaded file, or end its download",
  http: { method: "DELETE", path: "/v1/downloads/{id}", status: 200 },
  input: z.strictObject({ id: downloadId, timeout_ms: queryTimeoutMs }),
  output: done,
  errors: ["download_not_found"],
});

export const downloadsClear = operation({
  name: "downloads.clear",
  summary: "Delete all downloaded files, and end the downloads under way",
  http: { method: "DELETE", path: "/v1/downloads", status: 200 },
  input: z.strictObject({ timeout_ms: queryTimeoutMs }),
  output: z.object({ deleted: z.int().describe("How many there were") }),
  errors: [],
});

/** Served by the agent. */
export const downloadOperations = {
  downloadsList,
  downloadsWait,
  downloadsFetch,
  downloadsDelete,
  downloadsClear,
} as const;

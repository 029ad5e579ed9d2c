/** The pages of the browser inside a VM: where they go, which there are. */
import * as z from "zod";
import { actionFields, done, URL_LENGTH_MAX } from "./browser.ts";
import { operation } from "./operation.ts";

export const browserNavigate = operation({
  name: "browser.navigate",
  summary: "Load a URL in the active page and wait for the load event",
  http: { method: "POST", path: "/v1/browser/navigate", status: 200 },
  input: z.strictObject({
    /** http, https, data, blob or about. */
    url: z.string().min(1).max(URL_LENGTH_MAX).regex(
      /^(https?|data|blob|about):/i,
      "a URL begins with http:, https:, data:, blob: or about:",
    ),
    ...actionFields,
  }),
  output: done.extend({
    /** After redirects. */
    url: z.string(),
    title: z.string(),
    /** The main document's HTTP status; absent where there was no HTTP answer. */
    http_status: z.int().optional(),
  }),
  errors: ["navigation_failed", "timeout", "browser_unavailable"],
});

/** About pages; served by the agent. */
export const pageOperations = {
  navigate: browserNavigate,
} as const;

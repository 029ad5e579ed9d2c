/** One action on a VM that is made for it: in one call, and nothing of it stays. */
import * as z from "zod";
import { TEXT_LENGTH_MAX, timeoutMs } from "./browser.ts";
import { browserPdf, browserScreenshot } from "./capture.ts";
import { browserGetHtml } from "./look.ts";
import { type Operation, operation } from "./operation.ts";
import { browserNavigate } from "./pages.ts";
import { browserMarkdown, browserScrape } from "./reading.ts";
import { viewport } from "./vm_settings.ts";
import { vmsCreate } from "./vm_operations.ts";

const { url, wait_until } = browserNavigate.input.shape;
const { cpu_cores, memory_mb, image, layout, egress, wait_ms } = vmsCreate.input.shape;

/** What the VM is made with. */
const vmFields = { cpu_cores, memory_mb, image, layout, egress, wait_ms } as const;

/** What every quick action takes beside what its action does. */
export const quickFields = {
  url: url.optional().describe("Where the page is: a http, https, data, blob or about URL"),
  html: z.string().min(1).max(TEXT_LENGTH_MAX).optional()
    .describe("The page itself, instead of where it is"),
  wait_until,
  viewport: viewport.optional().describe("Size of the page; left out: the agent's own"),
  timeout_ms: timeoutMs
    .describe("Milliseconds that it may take from the VM's readiness to the answer"),
  ...vmFields,
} as const;
const quickMembers = z.object(quickFields);
/** What every quick action is given, beside its own options. */
export type QuickInput = z.output<typeof quickMembers>;

/** The input of an action without its page, and what the VM and the page are to be. */
function quickInput<Shape extends z.ZodRawShape>(
  action: Operation,
  options: Shape,
): z.ZodObject<Shape & typeof quickFields, z.core.$strict> {
  const input = z.strictObject({ ...options, ...quickFields }) as z.ZodObject<
    Shape & typeof quickFields,
    z.core.$strict
  >;
  return input.superRefine((given, context) => {
    const members = given as Record<string, unknown>;
    const add = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    if ((members["url"] === undefined) === (members["html"] === undefined)) {
      add(["url"], "name the page by its url or give its html");
    }
    if (members["html"] !== undefined && members["wait_until"] === "networkidle") {
      add(["wait_until"], "html is waited for until its load event, and not longer");
    }
    const own = Object.keys(options).map((name) => [name, members[name]]);
    for (const issue of action.input.safeParse(Object.fromEntries(own)).error?.issues ?? []) {
      add(issue.path, issue.message);
    }
  });
}

/** Those of making the VM, of opening the page, and of the action. */
function errorsOf(action: Operation): Operation["errors"] {
  const gone = new Set(["vm_exists", "idempotency_key_reused"]);
  const all = [...vmsCreate.errors, ...browserNavigate.errors, "script_failed", ...action.errors];
  return [...new Set(all as Operation["errors"])].filter((code) => !gone.has(code));
}

/** An action on a page of a VM that is made for it, without the members that name a page. */
function quick<const Name extends string, Action extends Operation>(
  name: Name,
  summary: string,
  action: Action,
) {
  const { page: _page, timeout_ms: _timeout, ...options } = action.input.shape;
  return operation({
    name: `quick.${name}`,
    summary: `${summary}, in a VM that is made for it`,
    http: { method: "POST", path: `/api/v1/${name}`, status: 200 },
    input: quickInput(action, options as Omit<Action["input"]["shape"], "page" | "timeout_ms">),
    output: action.output as Action["output"],
    bytes: action.bytes,
    errors: errorsOf(action),
  });
}

export const quickScreenshot = quick("screenshot", "Take a picture of a page", browserScreenshot);

export const quickPdf = quick("pdf", "Print a page as a PDF", browserPdf);

export const quickContent = quick(
  "content",
  "Read a page's HTML as its scripts have made it",
  browserGetHtml,
);

export const quickMarkdown = quick("markdown", "Tell a page as Markdown", browserMarkdown);

export const quickScrape = quick(
  "scrape",
  "Read all elements of a page that match some selectors",
  browserScrape,
);

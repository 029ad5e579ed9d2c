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

/** The members of an action's input that it has for a page of its own. */
function optionsOf<Shape extends z.ZodRawShape>(shape: Shape): Omit<Shape, "page" | "timeout_ms"> {
  const { page: _page, timeout_ms: _timeout, ...options } = shape;
  return options as Omit<Shape, "page" | "timeout_ms">;
}

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

export const quickScreenshot = operation({
  name: "quick.screenshot",
  summary: "Take a picture of a page, in a VM that is made for it",
  http: { method: "POST", path: "/api/v1/screenshot", status: 200 },
  input: quickInput(browserScreenshot, optionsOf(browserScreenshot.input.shape)),
  output: browserScreenshot.output,
  bytes: browserScreenshot.bytes,
  errors: errorsOf(browserScreenshot),
});

export const quickPdf = operation({
  name: "quick.pdf",
  summary: "Print a page as a PDF, in a VM that is made for it",
  http: { method: "POST", path: "/api/v1/pdf", status: 200 },
  input: quickInput(browserPdf, optionsOf(browserPdf.input.shape)),
  output: browserPdf.output,
  bytes: browserPdf.bytes,
  errors: errorsOf(browserPdf),
});

export const quickContent = operation({
  name: "quick.content",
  summary: "Read a page's HTML as its scripts have made it, in a VM that is made for it",
  http: { method: "POST", path: "/api/v1/content", status: 200 },
  input: quickInput(browserGetHtml, optionsOf(browserGetHtml.input.shape)),
  output: browserGetHtml.output,
  bytes: browserGetHtml.bytes,
  errors: errorsOf(browserGetHtml),
});

export const quickMarkdown = operation({
  name: "quick.markdown",
  summary: "Tell a page as Markdown, in a VM that is made for it",
  http: { method: "POST", path: "/api/v1/markdown", status: 200 },
  input: quickInput(browserMarkdown, optionsOf(browserMarkdown.input.shape)),
  output: browserMarkdown.output,
  bytes: browserMarkdown.bytes,
  errors: errorsOf(browserMarkdown),
});

export const quickScrape = operation({
  name: "quick.scrape",
  summary: "Read all elements of a page that match some selectors, in a VM that is made for it",
  http: { method: "POST", path: "/api/v1/scrape", status: 200 },
  input: quickInput(browserScrape, optionsOf(browserScrape.input.shape)),
  output: browserScrape.output,
  errors: errorsOf(browserScrape),
});

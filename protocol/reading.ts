/** Pages as something to read. */
import * as z from "zod";
import { actionFields, PAGE_ERRORS, selector } from "./browser.ts";
import { operation } from "./operation.ts";
import { maybeTargeted, TARGET_ERRORS } from "./target.ts";
import { urlPatternFields } from "./url_pattern.ts";

/** Characters of Markdown in one answer. */
export const MARKDOWN_LENGTH_MAX = 5_000_000;
/** Links in one answer. */
export const LINKS_MAX = 10_000;

export const browserMarkdown = operation({
  name: "browser.markdown",
  summary: "Tell what the page or an element shows as Markdown, what frames show as quotations",
  http: { method: "POST", path: "/v1/dom/markdown", status: 200 },
  input: maybeTargeted({
    main_only: z.boolean().default(false)
      .describe("Without navigation, sidebars and the like, where a main part can be made out"),
    max_length: z.int().min(1).max(MARKDOWN_LENGTH_MAX).default(200_000)
      .describe("Characters in the answer at most; it is cut at the end of a line"),
  }),
  output: z.object({
    markdown: z.string(),
    length: z.int().describe("Characters of all of it"),
    truncated: z.boolean().describe("Whether the end is left out"),
    main: z.boolean().describe("Whether it is the main part alone"),
    title: z.string(),
    url: z.string(),
  }),
  bytes: { member: "markdown", encoding: "text", mediaType: "text/markdown; charset=utf-8" },
  errors: ["not_acceptable", ...TARGET_ERRORS],
});

const pageLink = z.object({
  url: z.string().describe("Absolute"),
  text: z.string().describe("What it shows, or is called by; up to 500 characters"),
});
/** A link of a page. */
export type PageLink = z.output<typeof pageLink>;

export const browserLinks = operation({
  name: "browser.links",
  summary: "List the links in the page or in an element, in their order, then those in its frames",
  http: { method: "POST", path: "/v1/dom/links", status: 200 },
  input: maybeTargeted({
    ...urlPatternFields,
    unique: z.boolean().default(true).describe("Only the first link to each URL"),
    visible: z.boolean().default(false).describe("Only those that are shown"),
    limit: z.int().min(1).max(LINKS_MAX).default(1_000).describe("Links at most"),
  }).refine(({ glob, regex }) => glob === undefined || regex === undefined, {
    path: ["glob"],
    message: "links are chosen by a glob or by a regex",
  }),
  output: z.object({
    links: z.array(pageLink),
    total: z.int().describe("Links that fit, those beyond the limit among them"),
    truncated: z.boolean().describe("Whether there are more than the limit"),
  }),
  errors: TARGET_ERRORS,
});

/** Selectors of one scrape. */
export const SCRAPED_SELECTORS_MAX = 100;
/** Elements that one selector of a scrape tells. */
export const SCRAPED_ELEMENTS_MAX = 10_000;

export const browserScrape = operation({
  name: "browser.scrape",
  summary:
    "Read texts, HTML and attributes of all elements that match some selectors, in the page, then in its frames",
  http: { method: "POST", path: "/v1/dom/scrape", status: 200 },
  input: z.strictObject({
    selectors: z.array(selector).min(1).max(SCRAPED_SELECTORS_MAX)
      .describe("CSS selectors of the elements"),
    limit: z.int().min(1).max(SCRAPED_ELEMENTS_MAX).default(100)
      .describe("Elements of each selector at most"),
    ...actionFields,
  }),
  output: z.object({
    results: z.array(z.object({
      selector: z.string(),
      elements: z.array(z.object({
        text: z.string().describe("As rendered"),
        html: z.string().describe("What is inside the element"),
        frame: z.string().optional()
          .describe("URL of the frame that it is in; left out in the page's own"),
        attributes: z.record(z.string(), z.string()),
      })),
      total: z.int().describe("Elements that match, those beyond the limit among them"),
    })),
  }),
  errors: [
    ...["selector_invalid", "result_too_large"] as const,
    "dialog_open",
    ...PAGE_ERRORS,
  ],
});

/** Pages as something to read; served by the agent. */
export const readingOperations = {
  markdown: browserMarkdown,
  links: browserLinks,
  scrape: browserScrape,
} as const;

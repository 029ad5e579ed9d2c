import type { Handlers } from "../protocol/operation.ts";
import type { readingOperations } from "../protocol/reading.ts";
import { namesElement, type Target } from "../protocol/target.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { listLinks } from "./actions/list_links.ts";
import { markdown } from "./actions/markdown.ts";
import { scrape } from "./actions/scrape.ts";
import { targetName } from "./actions/target.ts";

/** Operations that make something to read of pages. */
export function readingHandlers(handler: HandlerOf): Handlers<typeof readingOperations, Call> {
  const subject = (input: Target) => namesElement(input) ? targetName(input) : "the page";
  return {
    markdown: handler((input) => `tell ${subject(input)} as Markdown`, markdown),
    links: handler((input) => `list the links of ${subject(input)}`, listLinks),
    scrape: handler(() => "scrape the page", scrape),
  };
}

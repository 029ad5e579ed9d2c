import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { browserGetHtml } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { callInPage } from "../world.ts";
import { whenFound } from "./element.ts";
import { htmlOf } from "./in_page.ts";
import { fitting } from "./result_size.ts";

/** Reads the outer HTML of an element once there is one, or of the page. */
export async function getHtml(
  { selector }: ParsedOf<typeof browserGetHtml>,
  context: ActionContext,
): Promise<OutputOf<typeof browserGetHtml>> {
  const html = await whenFound(
    selector ?? "html",
    context,
    () => callInPage(context, htmlOf, selector ?? null, RESULT_BYTES_MAX),
  );
  return { html: fitting(html, context.deadline.action) };
}

/** Which pages there are. */
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type {
  browserPagesActivate,
  browserPagesClose,
  browserPagesList,
} from "../../protocol/pages.ts";
import type { BrowserContext } from "../action_runner.ts";
import type { OpenPage } from "../open_page.ts";
import { whileOpen } from "../while_open.ts";

/** Lists the pages by what Chrome knows of them, so that a page that hangs does not matter. */
export async function listPages(
  _: ParsedOf<typeof browserPagesList>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserPagesList>> {
  const open = await deadline.race("a page", pages.list());
  const { asking } = pages;
  const told = await deadline.race("the pages' titles", Promise.allSettled(open.map(titleAndUrl)));
  // A page that went away meanwhile is none.
  const there = told.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  // Whoever names no page hears of what the last of these asks.
  const all = [...there, ...asking];
  const active = (asking.at(-1) ?? open.at(-1))?.id;
  return { pages: all.map((page) => ({ ...page, active: page.id === active })) };
}

async function titleAndUrl({ id, cdp }: OpenPage) {
  const { targetInfo: { url, title } } = await cdp.send("Target.getTargetInfo");
  return { id, url, title };
}

/** Makes a page the one that actions go to. */
export async function activatePage(
  { page }: ParsedOf<typeof browserPagesActivate>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserPagesActivate>> {
  const open = await deadline.race("a page", pages.chosen(page, deadline.action));
  const showing = () => open.cdp.send("Page.bringToFront");
  await whileOpen(open, deadline, () => deadline.race("Chrome to show the page", showing()));
  pages.activate(open);
  return { status: "ok" };
}

/** Closes a page, however busy it is. */
export async function closePage(
  { page }: ParsedOf<typeof browserPagesClose>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserPagesClose>> {
  if (pages.asking.some(({ id }) => id === page)) {
    await deadline.race("the page to be gone", pages.closeAsking(page));
    return { status: "ok" };
  }
  const open = await deadline.race("a page", pages.chosen(page, deadline.action));
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  if (open.gone.aborted) resolve();
  open.gone.addEventListener("abort", () => resolve(), { once: true });
  open.page.close().catch(() => {}); // Another may have closed it just now.
  await deadline.race("the page to be gone", gone);
  return { status: "ok" };
}

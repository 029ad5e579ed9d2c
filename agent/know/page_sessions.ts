/** What open pages keep for themselves alone, for a profile to take along. */
import type { ActionContext } from "../action_runner.ts";
import { Deadline } from "../deadline.ts";
import type { OpenPage } from "../open_page.ts";
import { frameOf, readItems } from "./storage.ts";

/** Pages whose session storage one profile takes, beside that of the page that is asked. */
export const SESSION_PAGES_MAX = 32;
/** How long one page may take, and all of them: one that hangs keeps nothing else from being saved. */
const PAGE_TIMEOUT_MS = 2_000;
const PAGES_TIMEOUT_MS = 10_000;

/** Items by origin. */
export type Sessions = ReadonlyMap<string, Readonly<Record<string, string>>>;

/**
 * The session storage of the pages' own frames, but for one origin. Of two pages of one origin it is
 * that of the page that was active last: the two know nothing of each other's.
 *
 * @param leave is told what could not be taken
 */
export async function readSessions(
  except: string | undefined,
  context: ActionContext,
  bytesMax: number,
  leave: (origin: string, reason: string) => void,
): Promise<Sessions> {
  const { page, clock, deadline } = context;
  const sessions = new Map<string, Readonly<Record<string, string>>>();
  let room = bytesMax;
  const ms = Math.min(PAGES_TIMEOUT_MS, Math.round(deadline.remainingMs() / 2));
  using all = new Deadline(clock, deadline.action, ms, [deadline.signal]);
  const others = context.pages().filter((open) =>
    open.page !== page && open.page.browserContext() === page.browserContext()
  );
  for (const open of others.slice(-SESSION_PAGES_MAX).reverse()) {
    const at = originOf(open.page.url());
    if (at !== "" && (at === except || sessions.has(at))) continue;
    try {
      using bound = new Deadline(clock, deadline.action, PAGE_TIMEOUT_MS, [all.signal]);
      const { origin, items } = await sessionOf(open, bound);
      if (origin === except || sessions.has(origin)) continue;
      const bytes = sizeOf(items);
      if (bytes > room) throw new Error("there is no room for it");
      room -= bytes;
      sessions.set(origin, items);
    } catch (error) {
      deadline.signal.throwIfAborted();
      // A page of no origin has nothing to take.
      if (at !== "") leave(at, error instanceof Error ? error.message : String(error));
    }
  }
  return sessions;
}

async function sessionOf({ page, cdp, dialogs }: OpenPage, deadline: Deadline) {
  dialogs.refuse(deadline.action);
  const { frame, origin } = await frameOf(undefined, { page, cdp, deadline });
  return { origin, items: await readItems(frame, "session", { deadline }) };
}

/** Bytes as JSON. */
export function sizeOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

function originOf(url: string): string {
  return /^https?:/.test(url) && URL.canParse(url) ? new URL(url).origin : "";
}

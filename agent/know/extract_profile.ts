import type { ZodType } from "zod";
import type { profileExtract } from "../../protocol/browser_profile.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import {
  EVERYTHING,
  LEFT_OUT_MAX,
  type LeftOut,
  type OriginContents,
  ORIGINS_MAX,
  PROFILE_BYTES_MAX,
  storedDatabase,
} from "../../protocol/profile_contents.ts";
import { type Cookie, COOKIES_MAX, storageItems } from "../../protocol/storage.ts";
import type { ActionContext } from "../action_runner.ts";
import { withAsides } from "../aside.ts";
import { Deadline } from "../deadline.ts";
import type { PageFrame } from "../frames.ts";
import { listCookies } from "./cookies.ts";
import { readDatabases } from "./indexed_db.ts";
import { readSessions, type Sessions, sizeOf } from "./page_sessions.ts";
import { frameOf, readItems } from "./storage.ts";

/** How long one origin may take: a page that hangs must not keep the others from being saved. */
const ORIGIN_TIMEOUT_MS = 10_000;
/** What of the action's time is kept for the answer, in milliseconds. */
const RESERVE_MS = 2_000;
/** What is left for origins, when cookies and what stands around all of it are counted out. */
const ORIGINS_BYTES_MAX = PROFILE_BYTES_MAX - 1024 * 1024;
/** Characters of what is said of a thing that is left out: sites choose their databases' names. */
const WORDS_LENGTH_MAX = 500;

/** The page that is asked, where it is of an origin that stores. */
interface OwnPage {
  readonly origin: string;
  readonly frame: PageFrame;
}

/** All cookies, and what every origin of the scope stores. */
export async function extractProfile(
  { scope, timeout_ms }: ParsedOf<typeof profileExtract>,
  context: ActionContext,
): Promise<OutputOf<typeof profileExtract>> {
  const { profile, deadline } = context;
  using _turn = await profile.turns.take(deadline);
  const attached = profile.isAttached;
  const { cookies: all } = await listCookies({ timeout_ms }, context);
  const cookies = all.slice(0, COOKIES_MAX);
  const own = await ownPage(context);
  const wanted = scope === "all" ? profile.origins : profile.visited;
  const { origins, read, leftOut } = await readOrigins(own, wanted, cookies, context);
  if (cookies.length < all.length) {
    const reason = `no more than ${COOKIES_MAX} can be taken along`;
    leftOut.push({ origin: "", what: `${all.length - cookies.length} cookies`, reason });
  }
  const page = origins.find(({ origin }) => origin === own?.origin);
  deadline.signal.throwIfAborted();
  return {
    cookies,
    local_storage: page?.local_storage ?? {},
    session_storage: page?.session_storage ?? {},
    origin: own?.origin ?? "",
    origins,
    read,
    left_out: leftOut,
    attached,
  };
}

/** What was found where, and which origins were read, those without anything too. */
interface OriginsRead {
  readonly origins: OriginContents[];
  readonly read: string[];
  readonly leftOut: LeftOut[];
}

async function readOrigins(
  own: OwnPage | null,
  wanted: readonly string[],
  cookies: readonly Cookie[],
  context: ActionContext,
): Promise<OriginsRead> {
  const { profile, page, clock, deadline } = context;
  const found = new Map<string, OriginContents | null>();
  const leftOut: LeftOut[] = [];
  const leave = (origin: string, what: string, reason: string) => {
    // Room for the cookies that are too many.
    if (leftOut.length >= LEFT_OUT_MAX - 1) return;
    const [told, why] = [what, reason].map((text) => text.slice(0, WORDS_LENGTH_MAX));
    leftOut.push({ origin, what: told ?? "", reason: why ?? "" });
  };
  let room = ORIGINS_BYTES_MAX - sizeOf(cookies);
  const leaveSession = (origin: string, reason: string) => leave(origin, "session_storage", reason);
  const sessions = await readSessions(own?.origin, context, room, leaveSession);
  const readFrom = async (
    origin: string,
    frameIn: (bound: Deadline) => Promise<PageFrame | null>,
  ) => {
    const ms = Math.min(ORIGIN_TIMEOUT_MS, deadline.remainingMs() - RESERVE_MS);
    try {
      if (ms <= 0) throw new Error("there is no time left");
      using bound = new Deadline(clock, `read "${origin}"`, ms, [deadline.signal]);
      const frame = await frameIn(bound);
      if (frame === null) throw new Error("Chrome does not go there");
      const session = frame === own?.frame ? "own" : sessions.get(origin) ?? {};
      const { bytes, told } = await readOrigin({ origin, frame }, session, bound, room, leave);
      room -= bytes;
      found.set(origin, bytes === 0 ? null : told);
    } catch (error) {
      deadline.signal.throwIfAborted();
      leave(origin, EVERYTHING, error instanceof Error ? error.message : String(error));
    }
  };
  if (own !== null) await readFrom(own.origin, () => Promise.resolve(own.frame));
  const others = wanted.filter((origin) => origin !== own?.origin);
  await withAsides(
    page.browser(),
    deadline,
    others,
    (origin, aside) => readFrom(origin, (bound) => aside.frameOf(origin, bound)),
  );
  if (profile.missed > 0) {
    leave("", `${profile.missed} origins`, `no more than ${ORIGINS_MAX} are remembered`);
  }
  const origins = wanted.flatMap((origin) => found.get(origin) ?? []);
  return { origins, read: [...found.keys()], leftOut };
}

/** What one origin stores, and how many bytes that is; none for an origin without anything. */
async function readOrigin(
  { origin, frame }: OwnPage,
  session: "own" | NonNullable<ReturnType<Sessions["get"]>>,
  deadline: Deadline,
  room: number,
  leave: (origin: string, what: string, reason: string) => void,
): Promise<{ told: OriginContents; bytes: number }> {
  const taken = (kind: "local" | "session", read: Readonly<Record<string, string>>) => {
    const refusal = sizeOf(read) > room ? "there is no room for it" : refusalOf(storageItems, read);
    if (refusal === null) return read;
    leave(origin, `${kind}_storage`, refusal);
    return {};
  };
  const items = (kind: "local" | "session") => readItems(frame, kind, { deadline });
  const local_storage = taken("local", await items("local"));
  const session_storage = taken("session", session === "own" ? await items("session") : session);
  const left = room - sizeOf(local_storage) - sizeOf(session_storage);
  const { databases: read, leftOut } = await readDatabases(frame, deadline, left);
  for (const { what, reason } of leftOut) leave(origin, what, reason);
  const databases = read.filter((database) => {
    const refusal = refusalOf(storedDatabase, database);
    if (refusal !== null) leave(origin, `indexed_db ${database.name}`, refusal);
    return refusal === null;
  });
  const told = { origin, local_storage, session_storage, indexed_db: databases };
  const isEmpty = databases.length === 0 && Object.keys(local_storage).length === 0 &&
    Object.keys(session_storage).length === 0;
  return { told, bytes: isEmpty ? 0 : sizeOf(told) };
}

/** `null` where the page has no storage, or does not answer. */
async function ownPage(context: ActionContext): Promise<OwnPage | null> {
  const { clock, deadline } = context;
  try {
    using bound = new Deadline(clock, deadline.action, ORIGIN_TIMEOUT_MS, [deadline.signal]);
    return await frameOf(undefined, { ...context, deadline: bound });
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (error instanceof ViperError) return null;
    throw error;
  }
}

/** Why attaching would not take it, and with it no part of the profile; sites know other bounds. */
function refusalOf(schema: ZodType, value: unknown): string | null {
  const { error } = schema.safeParse(value);
  return error?.issues[0]?.message ?? null;
}

import type { profileAttach } from "../../protocol/browser_profile.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { OriginContents } from "../../protocol/profile_contents.ts";
import type { ActionContext } from "../action_runner.ts";
import { Aside } from "../aside.ts";
import type { Deadline } from "../deadline.ts";
import type { PageFrame } from "../frames.ts";
import { quote } from "../quote.ts";
import { setCookies } from "./cookies.ts";
import { writeDatabases } from "./indexed_db.ts";
import { frameOf, writeItems } from "./storage.ts";
import { ANY_ORIGIN, type Seed } from "./storage_seed.ts";

type Items = Readonly<Record<string, string>>;

/** Sets cookies, then what each origin stores; of an origin that fails all before it stays. */
export async function attachProfile(
  input: ParsedOf<typeof profileAttach>,
  context: ActionContext,
): Promise<OutputOf<typeof profileAttach>> {
  const { cookies, origins, timeout_ms } = input;
  const { profile, seed, deadline } = context;
  await setCookies({ cookies, timeout_ms }, context);
  const own = await ownFrame(context);
  const anywhere = { local: {}, session: {} };
  const all = new Map(origins.map((contents) => [contents.origin, { ...contents }]));
  gather("local", input.local_storage ?? {}, own?.origin, all, anywhere);
  gather("session", input.session_storage ?? {}, own?.origin, all, anywhere);
  if (Object.keys({ ...anywhere.local, ...anywhere.session }).length > 0) {
    await deadline.race("the page to take the items", seed.add(ANY_ORIGIN, anywhere));
  }
  await using stack = new AsyncDisposableStack();
  let aside: Aside | null = null;
  for (const contents of all.values()) {
    const { origin } = contents;
    const isOwn = origin === own?.origin;
    const isLater = Object.keys(contents.session_storage).length > 0 && !isOwn;
    if (isLater) {
      const later = { local: {}, session: contents.session_storage };
      await deadline.race("the page to take the items", seed.add(origin, later));
    }
    if (!isOwn) aside ??= stack.use(await Aside.open(context.page.browser(), deadline));
    const frame = isOwn ? own.frame : await aside?.frameOf(origin, deadline) ?? null;
    if (frame === null) {
      const message = `Cannot ${deadline.action}: Chrome does not go to ${quote(origin)}`;
      throw new ViperError("origin_unreachable", message);
    }
    if (isOwn) await writeItems(frame, "session", contents.session_storage, context);
    await store(frame, contents, deadline);
    profile.add(origin);
  }
  profile.isAttached = true;
  return { status: "ok" };
}

async function store(
  frame: PageFrame,
  { origin, local_storage, indexed_db }: OriginContents,
  deadline: Deadline,
): Promise<void> {
  await writeItems(frame, "local", local_storage, { deadline });
  const failed = await writeDatabases(frame, deadline, indexed_db);
  if (failed === null) return;
  const database = `the database ${quote(failed.name)} of ${quote(origin)}`;
  const told = (code: "database_blocked" | "storage_full", reason: string) =>
    new ViperError(code, `Cannot ${deadline.action}: ${database} ${reason}`);
  if (failed.reason === "blocked") throw told("database_blocked", "is kept open by a page");
  if (failed.reason === "full") throw told("storage_full", "has no room");
  throw new ViperError(
    "invalid_request",
    `Cannot ${deadline.action}: ${database} cannot be made: ${failed.reason}`,
  );
}

/** The page's own frame, where it can store. */
async function ownFrame(context: ActionContext) {
  try {
    return await frameOf(undefined, context);
  } catch (error) {
    if (error instanceof ViperError && error.code === "origin_not_open") return null;
    throw error;
  }
}

/** A text belongs to the page's own origin, a group of items to the origin that it is named by. */
function gather(
  kind: keyof Seed,
  given: Readonly<Record<string, string | Items>>,
  own: string | undefined,
  all: Map<string, OriginContents>,
  anywhere: Seed,
): void {
  const member = kind === "local" ? "local_storage" : "session_storage";
  for (const [key, value] of Object.entries(given)) {
    const isItem = typeof value === "string";
    const origin = isItem ? own : URL.canParse(key) ? new URL(key).origin : key;
    const items = isItem ? { [key]: value } : value;
    if (origin === undefined) {
      Object.assign(anywhere[kind], items);
      continue;
    }
    const known = all.get(origin) ??
      { origin, local_storage: {}, session_storage: {}, indexed_db: [] };
    all.set(origin, { ...known, [member]: { ...known[member], ...items } });
  }
}

import type { profileAttach } from "../../protocol/browser_profile.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { OriginContents } from "../../protocol/profile_contents.ts";
import type { ActionContext } from "../action_runner.ts";
import { withAsides } from "../aside.ts";
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
  using _turn = await profile.turns.take(deadline);
  await setCookies({ cookies, timeout_ms }, context);
  const own = await ownFrame(context);
  const anywhere = { local: {}, session: {} };
  const all = new Map(origins.map((contents) => [contents.origin, { ...contents }]));
  gather("local", input.local_storage ?? {}, own?.origin, all, anywhere);
  gather("session", input.session_storage ?? {}, own?.origin, all, anywhere);
  if (Object.keys({ ...anywhere.local, ...anywhere.session }).length > 0) {
    await deadline.race("the page to take the items", seed.add(ANY_ORIGIN, anywhere));
  }
  const here = own === null ? undefined : all.get(own.origin);
  if (own !== null && here !== undefined) {
    await writeItems(own.frame, "session", here.session_storage, context);
    await store(own.frame, here, deadline);
  }
  const elsewhere = [...all.values()].filter((contents) => contents !== here);
  for (const { origin, session_storage } of elsewhere) {
    if (Object.keys(session_storage).length === 0) continue;
    const later = { local: {}, session: session_storage };
    await deadline.race("the page to take the items", seed.add(origin, later));
  }
  const stored = elsewhere.filter(({ local_storage, indexed_db }) =>
    Object.keys(local_storage).length > 0 || indexed_db.length > 0
  );
  await withAsides(context.page.browser(), deadline, stored, async (contents, aside) => {
    const frame = await aside.frameOf(contents.origin, deadline);
    if (frame !== null) return await store(frame, contents, deadline);
    const message = `Cannot ${deadline.action}: Chrome does not go to ${quote(contents.origin)}`;
    throw new ViperError("origin_unreachable", message);
  });
  for (const origin of all.keys()) profile.know(origin);
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

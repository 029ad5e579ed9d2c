import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { profileAttach, profileExtract } from "../../protocol/storage.ts";
import type { ActionContext } from "../action_runner.ts";
import { listCookies, setCookies } from "./cookies.ts";
import { frameOf, readItems, writeItems } from "./storage.ts";
import { ANY_ORIGIN, type Seed } from "./storage_seed.ts";

/** Sets cookies and stored items; those of origins that no frame shows wait for the page. */
export async function attachProfile(
  { cookies, local_storage, session_storage, timeout_ms }: ParsedOf<typeof profileAttach>,
  context: ActionContext,
): Promise<OutputOf<typeof profileAttach>> {
  await setCookies({ cookies, timeout_ms }, context);
  const seeds = new Map<string, Seed>();
  gather(seeds, "local", local_storage ?? {});
  gather(seeds, "session", session_storage ?? {});
  for (const [origin, seed] of seeds) {
    const open = await openFrame(origin === ANY_ORIGIN ? undefined : origin, context);
    if (open === null) {
      const adding = context.seed.add(origin, seed);
      await context.deadline.race("the page to take the items", adding);
      continue;
    }
    await writeItems(open.frame, "local", seed.local, context);
    await writeItems(open.frame, "session", seed.session, context);
  }
  return { status: "ok" };
}

/** All cookies, and what the page's own origin stores. */
export async function extractProfile(
  { timeout_ms }: ParsedOf<typeof profileExtract>,
  context: ActionContext,
): Promise<OutputOf<typeof profileExtract>> {
  const { cookies } = await listCookies({ timeout_ms }, context);
  const open = await openFrame(undefined, context);
  if (open === null) return { cookies, local_storage: {}, session_storage: {}, origin: "" };
  return {
    cookies,
    local_storage: await readItems(open.frame, "local", context),
    session_storage: await readItems(open.frame, "session", context),
    origin: open.origin,
  };
}

async function openFrame(origin: string | undefined, context: ActionContext) {
  try {
    return await frameOf(origin, context);
  } catch (error) {
    if (error instanceof ViperError && error.code === "origin_not_open") return null;
    throw error;
  }
}

/** A text belongs to the page's own origin, a group of items to the origin that it is named by. */
function gather(
  seeds: Map<string, Seed>,
  kind: keyof Seed,
  given: Readonly<Record<string, string | Readonly<Record<string, string>>>>,
): void {
  for (const [key, value] of Object.entries(given)) {
    const isItem = typeof value === "string";
    const origin = isItem ? ANY_ORIGIN : URL.canParse(key) ? new URL(key).origin : key;
    const seed = seeds.get(origin) ?? { local: {}, session: {} };
    Object.assign(seed[kind], isItem ? { [key]: value } : value);
    seeds.set(origin, seed);
  }
}

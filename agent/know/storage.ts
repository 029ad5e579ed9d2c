/// <reference lib="dom" />
import { RESULT_BYTES_MAX } from "../../protocol/browser.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type {
  browserClearStorage,
  browserSetStorage,
  browserStorage,
} from "../../protocol/storage.ts";
import type { ActionContext } from "../action_runner.ts";
import { framesOf, type PageFrame } from "../frames.ts";
import { quote } from "../quote.ts";
import { callInFrame } from "../world.ts";

/** Which of an origin's two. */
export type StorageKind = "local" | "session";

/** What the origin keeps. */
export async function listStorage(
  { kind, origin }: ParsedOf<typeof browserStorage>,
  context: ActionContext,
): Promise<OutputOf<typeof browserStorage>> {
  const { frame, origin: found } = await frameOf(origin, context);
  return { origin: found, items: await readItems(frame, kind, context) };
}

/** Puts items beside those that are there. */
export async function setStorage(
  { kind, origin, items }: ParsedOf<typeof browserSetStorage>,
  context: ActionContext,
): Promise<OutputOf<typeof browserSetStorage>> {
  const { frame } = await frameOf(origin, context);
  await writeItems(frame, kind, items, context);
  return { status: "ok" };
}

/** Empties it. */
export async function clearStorage(
  { kind, origin }: ParsedOf<typeof browserClearStorage>,
  context: ActionContext,
): Promise<OutputOf<typeof browserClearStorage>> {
  const { frame } = await frameOf(origin, context);
  await callInFrame(frame, context.deadline, emptyStorage, kind);
  return { status: "ok" };
}

/** @throws {ViperError} `result_too_large` */
export async function readItems(
  frame: PageFrame,
  kind: StorageKind,
  { deadline }: Pick<ActionContext, "deadline">,
): Promise<Record<string, string>> {
  const text = await callInFrame(frame, deadline, itemsOf, kind, RESULT_BYTES_MAX);
  if (text !== null) return JSON.parse(text);
  throw new ViperError(
    "result_too_large",
    `Cannot ${deadline.action}: it has more than ${RESULT_BYTES_MAX} bytes`,
  );
}

/** @throws {ViperError} `storage_full`; what had room stays */
export async function writeItems(
  frame: PageFrame,
  kind: StorageKind,
  items: Readonly<Record<string, string>>,
  { deadline }: Pick<ActionContext, "deadline">,
): Promise<void> {
  if (Object.keys(items).length === 0) return;
  const failed = await callInFrame(frame, deadline, putItems, kind, JSON.stringify(items));
  if (failed === null) return;
  throw new ViperError(
    "storage_full",
    `Cannot ${deadline.action}: the item ${quote(failed)} has no room`,
  );
}

/** @throws {ViperError} `origin_not_open` */
export async function frameOf(
  origin: string | undefined,
  { page, cdp, deadline }: Pick<ActionContext, "page" | "cdp" | "deadline">,
): Promise<{ readonly frame: PageFrame; readonly origin: string }> {
  const wanted = origin === undefined ? undefined : new URL(origin).origin;
  const frames = framesOf(page, cdp);
  for (const frame of wanted === undefined ? frames.slice(0, 1) : frames) {
    const found = await callInFrame(frame, deadline, storageOrigin);
    if (found !== "" && (wanted === undefined || found === wanted)) return { frame, origin: found };
  }
  const message = wanted === undefined
    ? "the page has no storage"
    : `no frame of the page is of ${quote(wanted)}`;
  throw new ViperError("origin_not_open", `Cannot ${deadline.action}: ${message}`);
}

/** Runs in the page: its origin, or nothing where it has no storage. */
function storageOrigin(): string {
  try {
    localStorage.length;
    return self.origin;
  } catch {
    return "";
  }
}

/** Runs in the page. JSON, since DevTools would replace lone surrogates. */
function itemsOf(kind: StorageKind, lengthMax: number): string | null {
  const storage = kind === "local" ? localStorage : sessionStorage;
  const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
  const items = keys.map((key) => [key, storage.getItem(key) ?? ""] as const);
  const text = JSON.stringify(Object.fromEntries(items));
  return text.length > lengthMax ? null : text;
}

/** Runs in the page; tells the first item that had no room. */
function putItems(kind: StorageKind, items: string): string | null {
  const storage = kind === "local" ? localStorage : sessionStorage;
  for (const [key, value] of Object.entries<string>(JSON.parse(items))) {
    try {
      storage.setItem(key, value);
    } catch {
      return key;
    }
  }
  return null;
}

/** Runs in the page. */
function emptyStorage(kind: StorageKind): void {
  (kind === "local" ? localStorage : sessionStorage).clear();
}

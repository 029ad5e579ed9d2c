/// <reference lib="dom" />
/** IndexedDB's databases of one origin, read and written from a frame of it. */
import {
  DATABASES_MAX,
  LEFT_OUT_MAX,
  STORE_RECORDS_MAX,
  type StoredDatabase,
} from "../../protocol/profile_contents.ts";
import type { Deadline } from "../deadline.ts";
import type { PageFrame } from "../frames.ts";
import { callInFrame, withParts } from "../world.ts";
import {
  decodeClone,
  decodeLeaf,
  encodeBytes,
  encodeClone,
  encodeObject,
  type EncodeRun,
} from "./clone_codec.ts";

/** What an origin holds in IndexedDB, as far as it could be taken. */
export interface DatabasesRead {
  readonly databases: StoredDatabase[];
  readonly leftOut: { readonly what: string; readonly reason: string }[];
}

/** Reads all databases; one that has no room is left out, as is a record of an unknown kind. */
export async function readDatabases(
  frame: PageFrame,
  deadline: Deadline,
  bytesMax: number,
): Promise<DatabasesRead> {
  const read = withParts(
    ...[readAll, readOne, readStore, settled, opened] as const,
    ...[encodeClone, encodeBytes, encodeObject] as const,
  );
  // As text, since DevTools would replace lone surrogates.
  return JSON.parse(
    await callInFrame(frame, deadline, read, bytesMax, {
      ...{ records: STORE_RECORDS_MAX, databases: DATABASES_MAX, leftOut: LEFT_OUT_MAX },
    }),
  );
}

/** Puts databases in the place of those of their names. @returns why it could not be done */
export async function writeDatabases(
  frame: PageFrame,
  deadline: Deadline,
  databases: readonly StoredDatabase[],
): Promise<{ readonly name: string; readonly reason: "blocked" | "full" | string } | null> {
  if (databases.length === 0) return null;
  const write = withParts(
    ...[writeAll, writeOne, makeStores, settled, emptied, decodeClone, decodeLeaf] as const,
  );
  return await callInFrame(frame, deadline, write, JSON.stringify(databases));
}

/** Runs in the page, as all below. */
async function readAll(
  room: number,
  most: { readonly records: number; readonly databases: number; readonly leftOut: number },
): Promise<string> {
  const databases: StoredDatabase[] = [];
  const leftOut: { what: string; reason: string }[] = [];
  for (const { name = "" } of await indexedDB.databases()) {
    const run: EncodeRun = { seen: new Map(), pending: [], room };
    const leave = (what: string, error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (leftOut.length === most.leftOut) return;
      // Each may be of megabytes, and is cut where it is told.
      leftOut.push({ what: `indexed_db ${name}${what}`.slice(0, 1_000), reason });
    };
    try {
      if (databases.length === most.databases) throw new Error("there are too many databases");
      databases.push(await readOne(name, run, most.records, leave));
      room = run.room;
    } catch (error) {
      leave("", error);
    }
  }
  return JSON.stringify({ databases, leftOut });
}

async function readOne(
  name: string,
  run: EncodeRun,
  recordsMax: number,
  leave: (what: string, error: unknown) => void,
): Promise<StoredDatabase> {
  const db = await opened(name);
  try {
    const told: StoredDatabase = { name, version: db.version, stores: [] };
    const names = [...db.objectStoreNames];
    if (names.length === 0) return told;
    const transaction = db.transaction(names, "readonly");
    for (const storeName of names) {
      const store = transaction.objectStore(storeName);
      told.stores.push({
        name: storeName,
        key_path: store.keyPath as string | string[] | null,
        auto_increment: store.autoIncrement,
        indexes: [...store.indexNames].map((indexName) => {
          const { keyPath, unique, multiEntry: multi_entry } = store.index(indexName);
          return { name: indexName, key_path: keyPath, unique, multi_entry };
        }),
        records: await readStore(store, run, recordsMax, (error) => leave(`/${storeName}`, error)),
      });
    }
    await Promise.all(run.pending);
    return told;
  } finally {
    db.close();
  }
}

async function readStore(
  store: IDBObjectStore,
  run: EncodeRun,
  recordsMax: number,
  leave: (error: unknown) => void,
): Promise<StoredDatabase["stores"][number]["records"]> {
  const records = [];
  let range: IDBKeyRange | null = null;
  while (true) {
    // Asked for together, so that the transaction has something to do until both are there.
    const asked = [store.getAllKeys(range, 100), store.getAll(range, 100)] as const;
    const [keys, values] = await Promise.all([settled(asked[0]), settled(asked[1])]);
    for (const [at, key] of keys.entries()) {
      if (records.length === recordsMax) throw new RangeError("it has too many records");
      run.seen.clear();
      try {
        const value = encodeClone(values[at], run);
        run.seen.clear();
        records.push(store.keyPath === null ? { key: encodeClone(key, run), value } : { value });
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        leave(error);
      }
    }
    if (keys.length < 100) return records;
    range = IDBKeyRange.lowerBound(keys.at(-1), true);
  }
}

async function writeAll(text: string): Promise<{ name: string; reason: string } | null> {
  for (const database of JSON.parse(text) as StoredDatabase[]) {
    try {
      if (!await emptied(database.name)) return { name: database.name, reason: "blocked" };
      await writeOne(database);
    } catch (error) {
      await emptied(database.name);
      const { name, message } = error as Error;
      return { name: database.name, reason: name === "QuotaExceededError" ? "full" : message };
    }
  }
  return null;
}

async function writeOne({ name, version, stores }: StoredDatabase): Promise<void> {
  const opening = indexedDB.open(name, version);
  opening.onupgradeneeded = () => makeStores(opening.result, stores);
  const db = await settled(opening);
  try {
    if (stores.length === 0) return;
    const transaction = db.transaction(stores.map((store) => store.name), "readwrite");
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("it was aborted"));
    });
    done.catch(() => {}); // Whatever ends it is told below.
    for (const { name, records } of stores) {
      const store = transaction.objectStore(name);
      for (const record of records) {
        const value = decodeClone(record.value, []);
        if (store.keyPath === null) store.put(value, decodeClone(record.key, []) as IDBValidKey);
        else store.put(value);
      }
    }
    await done;
  } finally {
    db.close();
  }
}

function makeStores(db: IDBDatabase, stores: StoredDatabase["stores"]): void {
  for (const { name, key_path: keyPath, auto_increment: autoIncrement, indexes } of stores) {
    const store = db.createObjectStore(name, { keyPath, autoIncrement });
    for (const { name, key_path, unique, multi_entry: multiEntry } of indexes) {
      store.createIndex(name, key_path ?? "", { unique, multiEntry });
    }
  }
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A database that is there; one that has gone meanwhile is not made. */
async function opened(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name);
  opening.onupgradeneeded = () => opening.transaction?.abort();
  return await settled(opening);
}

/** Whether there is no such database now; `false` when a page keeps it open. */
function emptied(name: string): Promise<boolean> {
  const deleting = indexedDB.deleteDatabase(name);
  return new Promise((resolve, reject) => {
    deleting.onsuccess = () => resolve(true);
    deleting.onerror = () => reject(deleting.error);
    deleting.onblocked = () => resolve(false);
  });
}

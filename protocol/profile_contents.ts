/** What a profile holds: cookies, and what origins store, as plain JSON. */
import * as z from "zod";
import { longList } from "./long_list.ts";
import { COOKIES_MAX, cookieToSet, storageItems } from "./storage.ts";

/** Bytes of a profile's JSON. */
export const PROFILE_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of a request that brings a profile: its JSON, and what stands around it. */
export const PROFILE_BODY_BYTES_MAX = 17 * 1024 * 1024;
/** Origins whose storage one profile holds. */
export const ORIGINS_MAX = 500;
/** IndexedDB's databases, stores and indexes, each per one above. */
export const DATABASES_MAX = 100;
/** Records of one store. */
export const STORE_RECORDS_MAX = 100_000;
/** Things that a save had to leave out and that are told one by one. */
export const LEFT_OUT_MAX = 200;

const NAME_LENGTH_MAX = 4_096;
const name = z.string().max(NAME_LENGTH_MAX);
/** https://www.w3.org/TR/IndexedDB/#dfn-key-path */
const keyPath = z.union([z.null(), name, z.array(name).max(DATABASES_MAX)])
  .describe("Where in a record its key stands");

/** An object store. Keys and values are as `agent/know/clone_codec.ts` writes them. */
const objectStore = z.strictObject({
  name: name.describe("Name of the object store"),
  key_path: keyPath,
  auto_increment: z.boolean().describe("Whether it makes keys of its own"),
  indexes: longList(
    z.strictObject({
      name: name.describe("Name of the index"),
      key_path: keyPath,
      unique: z.boolean().describe("Whether no two records have the same key"),
      multi_entry: z.boolean().describe("Whether each item of a list is a key"),
    }),
    DATABASES_MAX,
  ).describe("Indexes of the store"),
  records: longList(
    z.strictObject({
      key: z.unknown().optional().describe("Only where it stands outside the value"),
      value: z.unknown().describe("As profile.extract writes it"),
    }),
    STORE_RECORDS_MAX,
  ).describe("What the store holds"),
});

const ORIGIN_WORDS =
  "an origin is scheme, host and port as Chrome writes them: https://example.com";

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** A database of IndexedDB. */
export const storedDatabase = z.strictObject({
  name: name.describe("Name of the database"),
  version: z.int().min(1).describe("Its version, as the site counts it"),
  stores: longList(objectStore, DATABASES_MAX).describe("Its object stores"),
});
/** A database of IndexedDB. */
export type StoredDatabase = z.output<typeof storedDatabase>;

/** What one origin stores. */
export const originContents = z.strictObject({
  origin: z.string().max(NAME_LENGTH_MAX).refine(isOrigin, ORIGIN_WORDS)
    .describe("Scheme, host and port, such as https://example.com"),
  local_storage: storageItems.default({}),
  session_storage: storageItems.default({})
    .describe("Items by key, of the page that is active; every page has its own"),
  indexed_db: longList(storedDatabase, DATABASES_MAX).default([])
    .describe("Databases of IndexedDB"),
});
/** What one origin stores. */
export type OriginContents = z.output<typeof originContents>;

/** What is left out of an origin that could not be read at all. */
export const EVERYTHING = "everything";

/** Something that could not be taken along. */
export const leftOut = z.strictObject({
  origin: z.string().describe("Of what origin"),
  what: z.string().describe("Such as indexed_db files/chunks"),
  reason: z.string().describe("Why it was left out"),
});
/** Something that could not be taken along. */
export type LeftOut = z.output<typeof leftOut>;

/** All that a profile holds. */
export const profileContents = z.strictObject({
  cookies: z.array(cookieToSet.refine(
    ({ domain, url }) => Boolean(domain || url),
    "a cookie of a profile has a domain or a url",
  )).max(COOKIES_MAX).default([]).describe("Cookies, each with a domain or a url"),
  origins: z.array(originContents).max(ORIGINS_MAX).default([]).describe("What origins store"),
  left_out: z.array(leftOut).max(LEFT_OUT_MAX).default([])
    .describe("What the last save could not take"),
});
/** All that a profile holds. */
export type ProfileContents = z.output<typeof profileContents>;

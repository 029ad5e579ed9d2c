/**
 * API keys: `vpr_<id>_<secret>`. The id finds the row; of the secret only the SHA-256 is stored.
 * A slow hash would guard passwords that people choose; 256 random bits cannot be guessed, however
 * fast the hash, and every request has to compute it.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Host } from "../../host/host.ts";
import type { ApiKey } from "../../protocol/keys.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Role } from "../../protocol/roles.ts";
import type { Database } from "../store/database.ts";
import { type KeyRow, KeyRows } from "../store/key_rows.ts";
import type { Principal } from "./principal.ts";

/** Keys that are kept at once. */
const KEYS_MAX = 1_000;
const ID_BYTES = 8;
const SECRET_BYTES = 32;
/** The last use is written down at most so often, in milliseconds. */
const LAST_USED_EVERY_MS = 60_000;
const FORMAT = /^vpr_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** What a key is made for. */
export interface KeyRequest {
  readonly name: string;
  readonly role: Role;
  /** Left out: the key does not expire. */
  readonly ttlMs?: number | undefined;
}

/** A key with the text that is shown once. */
export interface ShownKey extends ApiKey {
  readonly key: string;
}

/** All API keys of this daemon. */
export class ApiKeys {
  readonly #rows: KeyRows;

  constructor(
    private readonly db: Database,
    private readonly host: Pick<Host, "clock" | "random" | "log">,
  ) {
    this.#rows = new KeyRows(db);
  }

  /** @throws {ViperError} `key_exists` or `key_limit_reached` */
  create({ name, role, ttlMs }: KeyRequest): ShownKey {
    const now = this.host.clock.now();
    const id = this.host.random.bytes(ID_BYTES).toHex();
    const secret = this.host.random.bytes(SECRET_BYTES)
      .toBase64({ alphabet: "base64url", omitPadding: true });
    const row: KeyRow = {
      id,
      name,
      role,
      secret_sha256: sha256(secret).toHex(),
      created_at: now.toISOString(),
      expires_at: ttlMs === undefined ? null : new Date(now.getTime() + ttlMs).toISOString(),
      last_used_at: null,
    };
    this.db.withTx(() => {
      if (this.#rows.byName(name) !== undefined) {
        throw new ViperError("key_exists", `Cannot create key "${name}": the name is taken`);
      }
      if (this.#rows.count() >= KEYS_MAX) {
        throw new ViperError(
          "key_limit_reached",
          `Cannot create key "${name}": there are ${KEYS_MAX}`,
        );
      }
      this.#rows.insert(row);
    });
    return { ...publicKey(row), key: `vpr_${id}_${secret}` };
  }

  /** Makes a key in the place of the one of that name, if there is one. */
  replace(request: KeyRequest): ShownKey {
    return this.db.withTx(() => {
      const old = this.#rows.byName(request.name);
      if (old !== undefined) this.#rows.remove(old.id);
      return this.create(request);
    });
  }

  list(): ApiKey[] {
    return this.#rows.all().map(publicKey);
  }

  /** @throws {ViperError} `key_not_found` */
  delete(id: string): void {
    if (this.#rows.remove(id)) return;
    throw new ViperError("key_not_found", `Cannot find key "${id}"`);
  }

  /** Whose key this is; `null` when it is none, was deleted or has expired. */
  verify(text: string): Principal | null {
    const [, id, secret] = FORMAT.exec(text) ?? [];
    if (id === undefined || secret === undefined) return null;
    const row = this.#rows.byId(id);
    // An unknown id takes as long as a wrong secret.
    const expected = Uint8Array.fromHex(row?.secret_sha256 ?? "00".repeat(32));
    if (!timingSafeEqual(sha256(secret), expected) || row === undefined) return null;
    if (!this.#isValid(row)) return null;
    this.#noteUse(row);
    return { role: row.role, name: row.name, keyId: row.id, via: "key" };
  }

  /** Whether the key of that id would still be taken. */
  isValid(id: string): boolean {
    const row = this.#rows.byId(id);
    return row !== undefined && this.#isValid(row);
  }

  #isValid({ expires_at }: KeyRow): boolean {
    return expires_at === null || Date.parse(expires_at) > this.host.clock.now().getTime();
  }

  #noteUse({ id, last_used_at }: KeyRow): void {
    const now = this.host.clock.now();
    const sinceMs = now.getTime() - Date.parse(last_used_at ?? "1970-01-01");
    if (sinceMs >= 0 && sinceMs < LAST_USED_EVERY_MS) return;
    try {
      this.#rows.touch(id, now.toISOString());
    } catch (error) {
      // A full disk must not keep anybody from deleting what fills it.
      this.host.log("warn", "the last use of a key was not written down", { key_id: id, error });
    }
  }
}

/** The id of what has the form of a key, else `null`. */
export function keyIdOf(text: string): string | null {
  return FORMAT.exec(text)?.[1] ?? null;
}

function publicKey({ id, name, role, created_at, expires_at, last_used_at }: KeyRow): ApiKey {
  return {
    ...{ id, name, role, created_at },
    ...(expires_at === null ? {} : { expires_at }),
    ...(last_used_at === null ? {} : { last_used_at }),
  };
}

function sha256(text: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(text).digest());
}

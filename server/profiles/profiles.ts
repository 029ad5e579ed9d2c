/** All named profiles of this daemon: what they are, and, sealed, what they hold. */
import type { Host } from "../../host/host.ts";
import type { ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import { PROFILE_BYTES_MAX, type ProfileContents } from "../../protocol/profile_contents.ts";
import type { Profile, profilesCreate } from "../../protocol/profiles.ts";
import type { Database } from "../store/database.ts";
import { type ProfileRow, ProfileRows } from "../store/profile_rows.ts";
import type { VmRows } from "../store/vm_rows.ts";
import type { KeyFile, ProfileKey } from "./key_file.ts";
import { NONCE_BYTES, seal, unseal } from "./seal.ts";

/** Profiles that are kept at once. */
export const PROFILES_MAX = 1_000;
/** Characters of a failed save's reason that are kept. */
const SAVE_ERROR_LENGTH_MAX = 500;

/** What profiles are kept with. */
export interface ProfilesParts {
  readonly db: Database;
  readonly vms: VmRows;
  readonly keyFile: KeyFile;
  readonly host: Pick<Host, "clock" | "random">;
}

/** All named profiles. */
export class Profiles {
  readonly #rows: ProfileRows;

  constructor(private readonly parts: ProfilesParts) {
    this.#rows = new ProfileRows(parts.db);
  }

  list(): Profile[] {
    return this.#rows.all().map((row) => this.#told(row));
  }

  get(name: string): Profile {
    return this.#told(this.#require(name));
  }

  /** @throws {ViperError} `profile_exists`, `profile_limit_reached`, `profile_too_large` … */
  async create({ name, contents }: ParsedOf<typeof profilesCreate>): Promise<Profile> {
    const action = `create profile "${name}"`;
    const { db, host: { clock, random } } = this.parts;
    this.#assertRoom(name, action);
    const plain = encoded(contents, action);
    const key = await this.#keyForNew(action);
    const id = random.uuid();
    const sealed = await seal(plain, key.key, random.bytes(NONCE_BYTES), { id, version: 1 });
    const now = clock.now().toISOString();
    const row: ProfileRow = {
      ...{ id, name, version: 1, key_id: key.id, save_error: null },
      ...figures(contents, plain),
      ...{ created_at: now, updated_at: now },
    };
    db.withTx(() => {
      this.#assertRoom(name, action);
      this.#rows.insert(row, sealed);
    });
    return this.#told(row);
  }

  /** What it holds. @throws {ViperError} `profile_not_found`, `profile_damaged` … */
  async read(name: string): Promise<ProfileContents> {
    const action = `read profile "${name}"`;
    const row = this.#require(name);
    const { key } = await this.#keyOf(row, action);
    // Read only now, and in one go with the version that it is of.
    const { version, id } = this.#require(name);
    const sealed = this.#rows.sealedOf(id) ?? new Uint8Array();
    try {
      const plain = await unseal(sealed, key, { id, version });
      return JSON.parse(new TextDecoder().decode(plain));
    } catch (cause) {
      const message = `Cannot ${action}: it is not what was stored`;
      throw new ViperError("profile_damaged", message, { cause });
    }
  }

  /** Puts the contents in place of what it holds, all or nothing. */
  async save(name: string, contents: ProfileContents): Promise<void> {
    const action = `save profile "${name}"`;
    const { clock, random } = this.parts.host;
    const row = this.#require(name);
    const plain = encoded(contents, action);
    const { key } = await this.#keyOf(row, action);
    const version = row.version + 1;
    const owner = { id: row.id, version };
    const sealed = await seal(plain, key, random.bytes(NONCE_BYTES), owner);
    const updated_at = clock.now().toISOString();
    if (this.#rows.save(row.id, { version, ...figures(contents, plain), updated_at }, sealed)) {
      return;
    }
    throw new Error(`Cannot ${action}: another save came first`);
  }

  /** Says of a profile why it is older than its writer. */
  noteSaveError(name: string, reason: string): void {
    this.#rows.noteSaveError(name, reason.slice(0, SAVE_ERROR_LENGTH_MAX));
  }

  /** @throws {ViperError} `profile_not_found`, `profile_in_use` */
  delete(name: string): void {
    this.parts.db.withTx(() => {
      this.#require(name);
      const users = this.parts.vms.ofProfile(name).map((vm) => `"${vm.name}"`);
      if (users.length === 0) return this.#rows.remove(name);
      const message = `Cannot delete profile "${name}": VM ${users.join(", ")} has it`;
      throw new ViperError("profile_in_use", message, { hint: "Delete the VM first" });
    });
  }

  #require(name: string): ProfileRow {
    const row = this.#rows.byName(name);
    if (row !== undefined) return row;
    throw new ViperError("profile_not_found", `Cannot find profile "${name}"`);
  }

  #assertRoom(name: string, action: string): void {
    if (this.#rows.byName(name) !== undefined) {
      throw new ViperError("profile_exists", `Cannot ${action}: the name is taken`);
    }
    if (this.#rows.count() < PROFILES_MAX) return;
    throw new ViperError("profile_limit_reached", `Cannot ${action}: there are ${PROFILES_MAX}`);
  }

  /** A lost key must not be followed by another one, under which half of the profiles would be. */
  async #keyForNew(action: string): Promise<ProfileKey> {
    const { keyFile } = this.parts;
    const used = this.#rows.keyIds();
    if (used.length === 0) return await keyFile.readOrMake(action);
    const key = await keyFile.read(action);
    if (used.includes(key.id)) return key;
    throw this.#wrongKey(action, key, used);
  }

  async #keyOf(row: ProfileRow, action: string): Promise<ProfileKey> {
    const key = await this.parts.keyFile.read(action);
    if (key.id === row.key_id) return key;
    throw this.#wrongKey(action, key, [row.key_id]);
  }

  #wrongKey(action: string, { id }: ProfileKey, used: readonly string[]): ViperError {
    return new ViperError(
      "profile_key_wrong",
      `Cannot ${action} with the key file "${this.parts.keyFile.path}": it holds key "${id}", and ` +
        `profiles are sealed with key "${used.join('", "')}"`,
    );
  }

  #told(row: ProfileRow): Profile {
    const { id: _id, key_id: _key, save_error, ...shown } = row;
    const vms = this.parts.vms.ofProfile(row.name);
    const writer = vms.find(({ profile_mode }) => profile_mode === "write_back");
    return {
      ...shown,
      vms: vms.map(({ name }) => name),
      ...(writer === undefined ? {} : { writer: writer.name }),
      ...(save_error === null ? {} : { save_error }),
    };
  }
}

/** @throws {ViperError} `profile_too_large` */
function encoded(contents: ProfileContents, action: string): Uint8Array<ArrayBuffer> {
  const plain = new TextEncoder().encode(JSON.stringify(contents));
  if (plain.length <= PROFILE_BYTES_MAX) return plain;
  throw new ViperError(
    "profile_too_large",
    `Cannot ${action}: it has ${plain.length} bytes, and may have ${PROFILE_BYTES_MAX}`,
  );
}

function figures({ cookies, origins }: ProfileContents, plain: Uint8Array) {
  return { size_bytes: plain.length, cookies: cookies.length, origins: origins.length };
}

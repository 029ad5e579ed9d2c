/**
 * The key that profiles are sealed with: 32 random bytes in hexadecimal digits, in a file that only
 * its owner reads. It is read whenever it is needed and not kept.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";

const KEY_BYTES = 32;
const FORMAT = /^[0-9a-f]{64}$/;
/** Hexadecimal digits of a key's id. */
const ID_LENGTH = 16;
/** What others may do with the file: nothing. */
const MODE_OF_OTHERS = 0o077;

/** A key, and what tells it from others without telling it. */
export interface ProfileKey {
  readonly id: string;
  readonly key: CryptoKey;
}

/** The file with the key. */
export class KeyFile {
  constructor(
    readonly path: string,
    private readonly host: Pick<Host, "files" | "random" | "log">,
  ) {}

  /** @throws {ViperError} `profile_key_missing` when it cannot be read, or is no key */
  async read(action: string): Promise<ProfileKey> {
    const found = await this.#find(action);
    if (found !== null) return found;
    throw this.#missing(action, "it is not there");
  }

  /**
   * Reads the key, or makes the file where there is none. Whoever made it, no power cut takes it any
   * more: what is sealed with it may be stored.
   */
  async readOrMake(action: string): Promise<ProfileKey> {
    const key = await this.#find(action) ?? await this.#make(action);
    await this.#sync(action);
    return key;
  }

  async #find(action: string): Promise<ProfileKey | null> {
    const { files } = this.host;
    let text: string;
    try {
      const path = await files.realPath("profiles.key:find", this.path);
      if (path === null) return null;
      const info = await files.stat("profiles.key:stat", path);
      if (info === null) return null;
      if ((info.mode & MODE_OF_OTHERS) !== 0) {
        throw new Error(`others may use it; do: chmod 600 ${this.path}`);
      }
      text = (await files.readText("profiles.key:read", path)).trim();
    } catch (error) {
      throw this.#missing(action, error instanceof Error ? error.message : String(error), error);
    }
    if (!FORMAT.test(text)) throw this.#missing(action, "it does not hold 64 hexadecimal digits");
    return await importKey(Uint8Array.fromHex(text));
  }

  /**
   * Linked into place, so that no reader meets half a key and none is ever replaced; and only when
   * it is on the disk, since a power cut could leave the name and not the key.
   */
  async #make(action: string): Promise<ProfileKey> {
    const { files, random, log } = this.host;
    const made = `${this.path}.${random.uuid()}`;
    const text = `${random.bytes(KEY_BYTES).toHex()}\n`;
    try {
      await files.write("profiles.key:write", made, text, { mode: 0o600, createNew: true });
      await files.sync("profiles.key:sync_temporary", made);
      await files.link("profiles.key:link", made, this.path);
      log("info", "made a key for profiles; keep a copy of it elsewhere", { path: this.path });
    } catch (error) {
      // Another request may have made it first.
      if (await files.stat("profiles.key:stat", this.path).catch(() => null) === null) {
        throw this.#missing(action, `it cannot be made: ${String(error)}`, error);
      }
    } finally {
      await files.remove("profiles.key:temporary_undo", made);
    }
    return await this.read(action);
  }

  async #sync(action: string): Promise<void> {
    const { files } = this.host;
    try {
      const path = await files.realPath("profiles.key:find", this.path) ?? this.path;
      await files.sync("profiles.key:sync", path);
      const folder = path.slice(0, path.lastIndexOf("/")) || "/";
      await files.sync("profiles.key:sync_folder", folder);
    } catch (error) {
      throw this.#missing(action, `it cannot be synced to the disk: ${String(error)}`, error);
    }
  }

  #missing(action: string, reason: string, cause?: unknown): ViperError {
    const message = `Cannot ${action} with the key file "${this.path}": ${reason}`;
    return new ViperError("profile_key_missing", message, { cause });
  }
}

async function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<ProfileKey> {
  const text = new TextEncoder().encode(`viper profile key\n${bytes.toHex()}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  return { id: hash.toHex().slice(0, ID_LENGTH), key };
}

/** What pages are granted and denied, kept so that it outlives a Chrome. */
import type { BrowserContext } from "puppeteer-core";
import { ViperError } from "../../protocol/problems.ts";
import { PERMISSIONS_MAX } from "../../protocol/storage.ts";

/** What Chrome answers a page that asks. */
export type PermissionState = "granted" | "denied" | "prompt";

/** One permission of an origin, or of all: `*`. */
export interface Permission {
  readonly name: string;
  readonly origin: string;
  readonly state: PermissionState;
}

/**
 * Has Chrome take a permission. It is sent on puppeteer's own connection: Chrome forgets permissions
 * with the session that set them.
 */
export async function putPermission(
  context: BrowserContext,
  { name, origin, state }: Permission,
): Promise<void> {
  await context.setPermission(origin, { permission: { name }, state });
}

/** The permissions of the first browser context, in the order in which they were set last. */
export class Permissions {
  readonly #all = new Map<string, Permission>();

  list(): readonly Permission[] {
    return [...this.#all.values()];
  }

  /** @throws {ViperError} `permission_limit_reached` */
  assertRoomFor(permission: Permission, action: string): void {
    if (this.#all.size < PERMISSIONS_MAX || this.#all.has(keyOf(permission))) return;
    throw new ViperError(
      "permission_limit_reached",
      `Cannot ${action}: there are ${PERMISSIONS_MAX} permissions`,
    );
  }

  /** Of two for the same, the later counts. */
  remember(permission: Permission): void {
    const key = keyOf(permission);
    this.#all.delete(key);
    this.#all.set(key, permission);
  }

  clear(): void {
    this.#all.clear();
  }

  /** Has the next Chrome take all of them. */
  async putAll(context: BrowserContext): Promise<void> {
    for (const permission of this.list()) await putPermission(context, permission);
  }
}

function keyOf({ name, origin }: Permission): string {
  return `${name} ${origin}`;
}

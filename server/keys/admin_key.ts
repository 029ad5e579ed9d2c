import type { Host } from "../../host/host.ts";
import type { ApiKeys } from "./keys.ts";

/** Clients cannot take this name: theirs begin with a letter or digit. */
const ADMIN_KEY_NAME = "(local)";

/**
 * Sees to it that the file has an admin key that is taken, for the command line of the daemon's
 * own user. A lost file, or one whose key was deleted, gets a new key; the old one ends then.
 */
export async function keepAdminKey(
  keys: ApiKeys,
  host: Pick<Host, "files" | "log">,
  path: string,
): Promise<void> {
  const found = await host.files.stat("server.keys:admin_stat", path);
  const text = found === null ? "" : await host.files.readText("server.keys:admin_read", path);
  if (keys.verify(text.trim())?.role === "admin") {
    return await host.files.chmod("server.keys:admin_mode", path, 0o600);
  }
  const { id, key } = keys.replace({ name: ADMIN_KEY_NAME, role: "admin" });
  // Renamed into place, so that no reader meets half a key.
  await host.files.write("server.keys:admin_write", `${path}.new`, `${key}\n`, { mode: 0o600 });
  await host.files.rename("server.keys:admin_rename", `${path}.new`, path);
  host.log("info", "made an admin key for this user's command line", { path, key_id: id });
}

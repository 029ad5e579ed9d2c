import { createHash } from "node:crypto";
import type { Config } from "./config.ts";
import type { Host } from "../host/host.ts";
import { Database } from "./store/database.ts";
import { LeaseRows } from "./store/lease_rows.ts";
import { VmRows } from "./store/vm_rows.ts";

/** Hexadecimal digits that tell daemons of one host apart. */
const NAME_LENGTH = 12;

/** The daemon's folders, taken for this process alone, and what is stored in them. */
export interface State extends Disposable {
  /** Of this daemon, and no other on this host: by its runtime folder, which it has for itself. */
  readonly name: string;
  readonly db: Database;
  readonly rows: VmRows;
  readonly leases: LeaseRows;
}

/**
 * Makes the folders, takes the lock and opens the database.
 *
 * @throws {Error} when another daemon has this state, or the database cannot be read
 */
export async function openState(
  { dbPath, runtimeDir, logDir }: Config,
  host: Host,
): Promise<State> {
  using parts = new DisposableStack();
  for (const folder of [folderOf(dbPath), runtimeDir, logDir]) {
    await host.files.makeDir("server.state:folder", folder, 0o700);
  }
  parts.use(await lockOut(host, `${dbPath}.lock`, `from "${dbPath}"`, "--db"));
  // What no row knows is swept from this folder, so it cannot be shared either.
  parts.use(await lockOut(host, `${runtimeDir}.lock`, `in "${runtimeDir}"`, "--runtime-dir"));
  // It holds the VMs' secrets; SQLite gives its other files the mode of this one.
  await host.files.write("server.state:database_mode", dbPath, "", { append: true, mode: 0o600 });
  const db = parts.use(Database.open(dbPath));
  const opened = parts.move();
  return {
    name: daemonName(runtimeDir),
    db,
    rows: new VmRows(db),
    leases: new LeaseRows(db),
    [Symbol.dispose]: () => opened.dispose(),
  };
}

/** What a daemon's part of what the host shares, such as cgroups, is called. Pure. */
export function daemonName(runtimeDir: string): string {
  return `viper-${createHash("sha256").update(runtimeDir).digest("hex").slice(0, NAME_LENGTH)}`;
}

async function lockOut(host: Host, file: string, place: string, flag: string): Promise<Disposable> {
  const lock = await host.files.lock("server.state:lock", file);
  if (lock !== null) return lock;
  throw new Error(
    `Cannot serve ${place}: another daemon does; stop it, or choose another with ${flag}`,
  );
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

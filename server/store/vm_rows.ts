import type { ProfileMode } from "../../protocol/profiles.ts";
import type { Accel, Egress, ImageLayout, RuntimeName, VmStatus } from "../../protocol/vms.ts";
import type { ChromeSettings, Labels } from "../../protocol/vm_settings.ts";
import type { Database } from "./database.ts";

/** What a client decided about a VM, beside its size; kept as one JSON object. */
export interface VmSettings {
  readonly egress: Egress;
  readonly restart_policy: "never" | "on_crash";
  readonly idle_timeout_ms: number | null;
  /** May hold secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly chrome: ChromeSettings;
  /** Whether it ends with the request that made it; rows of earlier versions do not say. */
  readonly ephemeral?: boolean;
}

/** A row of the table `vms`, with the address of its lease. */
export interface VmRow {
  /** Grows with every VM made; the database gives it. */
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly status: VmStatus;
  readonly runtime: RuntimeName;
  readonly accel: Accel;
  readonly layout: ImageLayout;
  readonly image: string;
  readonly pid: number | null;
  readonly start_ticks: number | null;
  /** Where the agent listens, once it has said so. */
  readonly agent_url: string | null;
  readonly mac_address: string;
  readonly cpu_cores: number;
  readonly memory_mb: number;
  readonly kernel_cmdline: string | null;
  /** Secret: signs the requests between daemon and agent. */
  readonly token: string;
  readonly labels: Labels;
  readonly settings: VmSettings;
  /** The name of the profile that its browser gets, and whether it writes to it. */
  readonly profile: string | null;
  readonly profile_mode: ProfileMode | null;
  /** Restarts after crashes, since the last start that somebody asked for. */
  readonly restarts: number;
  readonly reason: string | null;
  readonly expires_at: string | null;
  readonly started_at: string | null;
  readonly ready_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ip_address: string | null;
}

/** What of a row changes in a VM's life. */
export type VmChange = Partial<
  Pick<
    VmRow,
    | "status"
    | "accel"
    | "pid"
    | "start_ticks"
    | "agent_url"
    | "mac_address"
    | "settings"
    | "restarts"
    | "reason"
    | "started_at"
    | "ready_at"
  >
>;

/** Which VMs a list shows. */
export interface VmFilter {
  readonly status?: VmStatus | undefined;
  /** VMs that have all of these. */
  readonly labels?: readonly (readonly [key: string, value: string])[];
  /** Only those with a greater `seq`. */
  readonly after?: number;
  readonly limit?: number;
}

/** What live VMs ask of the host. */
export interface VmLoad {
  readonly count: number;
  readonly cpuCores: number;
  readonly memoryMb: number;
}

type StoredRow = Omit<VmRow, "labels" | "settings"> & { labels: string; settings: string };

const SELECT = `SELECT vms.*, ip_allocations.ip_address FROM vms
  LEFT JOIN ip_allocations ON ip_allocations.vm_id = vms.id`;
/** Kept in step with `LIVE_STATUSES` of server/vms/states.ts by a test. */
const LIVE = "status IN ('pending', 'starting', 'running', 'paused', 'stopping')";

/** Reads and writes the table `vms`. */
export class VmRows {
  constructor(private readonly db: Database) {}

  /** All rows, oldest first. */
  all(): VmRow[] {
    return this.list({});
  }

  list({ status, labels = [], after = 0, limit = -1 }: VmFilter): VmRow[] {
    const conditions = [
      "vms.seq > ?",
      ...(status === undefined ? [] : ["vms.status = ?"]),
      ...labels.map(() =>
        "EXISTS (SELECT 1 FROM json_each(vms.labels) WHERE key = ? AND value = ?)"
      ),
    ];
    return this.db.all<StoredRow>(
      `${SELECT} WHERE ${conditions.join(" AND ")} ORDER BY vms.seq LIMIT ?`,
      after,
      ...(status === undefined ? [] : [status]),
      ...labels.flat(),
      limit,
    ).map(parsed);
  }

  byId(id: string): VmRow | undefined {
    return this.#one(`${SELECT} WHERE vms.id = ?`, id);
  }

  byName(name: string): VmRow | undefined {
    return this.#one(`${SELECT} WHERE vms.name = ?`, name);
  }

  /** The VMs that have the profile, oldest first. */
  ofProfile(profile: string): VmRow[] {
    return this.db.all<StoredRow>(`${SELECT} WHERE vms.profile = ? ORDER BY vms.seq`, profile)
      .map(parsed);
  }

  count(): number {
    return this.db.get<{ n: number }>("SELECT count(*) AS n FROM vms")?.n ?? 0;
  }

  /** How many VMs stand where; a status without VMs is left out. */
  countByStatus(): { readonly status: VmStatus; readonly count: number }[] {
    return this.db.all("SELECT status, count(*) AS count FROM vms GROUP BY status");
  }

  /** What the VMs that occupy the host ask of it. */
  load(): VmLoad {
    const sql = `SELECT count(*) AS count, coalesce(sum(cpu_cores), 0) AS cpuCores,
      coalesce(sum(memory_mb), 0) AS memoryMb FROM vms WHERE ${LIVE}`;
    return this.db.get<VmLoad>(sql) ?? { count: 0, cpuCores: 0, memoryMb: 0 };
  }

  insert(row: Omit<VmRow, "ip_address" | "seq">): void {
    const stored = storedForm(row);
    const names = Object.keys(stored);
    this.db.run(
      `INSERT INTO vms (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      ...Object.values(stored),
    );
  }

  /** Changes the named members; throws when the row is gone. */
  update(id: string, change: VmChange, at: string): void {
    const stored = storedForm(change);
    const names = [...Object.keys(stored), "updated_at"];
    const { changes } = this.db.run(
      `UPDATE vms SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`,
      ...Object.values(stored),
      at,
      id,
    );
    if (changes !== 1) throw new Error(`Cannot update VM "${id}": it has no row`);
  }

  remove(id: string): void {
    this.db.run("DELETE FROM vms WHERE id = ?", id);
  }

  #one(sql: string, value: string): VmRow | undefined {
    const row = this.db.get<StoredRow>(sql, value);
    return row === undefined ? undefined : parsed(row);
  }
}

function parsed(row: StoredRow): VmRow {
  return { ...row, labels: JSON.parse(row.labels), settings: JSON.parse(row.settings) };
}

/** Objects become JSON text. */
function storedForm(row: object): Record<string, string | number | null> {
  const members = Object.entries(row) as [string, string | number | null | object][];
  return Object.fromEntries(
    members.map(([name, value]) => [
      name,
      value !== null && typeof value === "object" ? JSON.stringify(value) : value,
    ]),
  );
}

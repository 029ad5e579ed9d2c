import type { Accel, ImageLayout, RuntimeName, VmStatus } from "../../protocol/vms.ts";
import type { Database } from "./database.ts";

/** A row of the table `vms`, with the address of its lease. */
export interface VmRow {
  readonly id: string;
  readonly name: string;
  readonly status: VmStatus;
  readonly runtime: RuntimeName;
  readonly accel: Accel;
  readonly layout: ImageLayout;
  readonly pid: number | null;
  readonly start_ticks: number | null;
  readonly mac_address: string;
  readonly cpu_cores: number;
  readonly memory_mb: number;
  readonly kernel_cmdline: string | null;
  /** Secret: signs the requests between daemon and agent. */
  readonly token: string;
  readonly reason: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ip_address: string | null;
}

/** What of a row changes in a VM's life. */
export type VmChange = Partial<
  Pick<VmRow, "status" | "accel" | "pid" | "start_ticks" | "reason">
>;

const SELECT = `SELECT vms.*, ip_allocations.ip_address FROM vms
  LEFT JOIN ip_allocations ON ip_allocations.vm_id = vms.id`;

/** Reads and writes the table `vms`. */
export class VmRows {
  constructor(private readonly db: Database) {}

  /** All rows, oldest first. */
  all(): VmRow[] {
    return this.db.all<VmRow>(`${SELECT} ORDER BY vms.created_at, vms.rowid`);
  }

  byId(id: string): VmRow | undefined {
    return this.db.get<VmRow>(`${SELECT} WHERE vms.id = ?`, id);
  }

  byName(name: string): VmRow | undefined {
    return this.db.get<VmRow>(`${SELECT} WHERE vms.name = ?`, name);
  }

  count(): number {
    return this.db.get<{ n: number }>("SELECT count(*) AS n FROM vms")?.n ?? 0;
  }

  /** Rows that take part in the host's capacity. */
  countLive(): number {
    const sql = `SELECT count(*) AS n FROM vms WHERE status IN ('pending', 'starting', 'running')`;
    return this.db.get<{ n: number }>(sql)?.n ?? 0;
  }

  insert(row: Omit<VmRow, "ip_address">): void {
    const names = Object.keys(row);
    this.db.run(
      `INSERT INTO vms (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      ...Object.values(row),
    );
  }

  /** Changes the named members; throws when the row is gone. */
  update(id: string, change: VmChange, at: string): void {
    const names = [...Object.keys(change), "updated_at"];
    const { changes } = this.db.run(
      `UPDATE vms SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`,
      ...Object.values(change),
      at,
      id,
    );
    if (changes !== 1) throw new Error(`Cannot update VM "${id}": it has no row`);
  }

  remove(id: string): void {
    this.db.run("DELETE FROM vms WHERE id = ?", id);
  }
}

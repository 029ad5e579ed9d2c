import type { Database } from "./database.ts";

/** Reads and writes the table `ip_allocations`: one address for one VM. */
export class LeaseRows {
  constructor(private readonly db: Database) {}

  /** All leased addresses. */
  addresses(): string[] {
    return this.db.all<{ ip_address: string }>("SELECT ip_address FROM ip_allocations")
      .map((row) => row.ip_address);
  }

  count(): number {
    return this.db.get<{ n: number }>("SELECT count(*) AS n FROM ip_allocations")?.n ?? 0;
  }

  insert(lease: { ipAddress: string; vmId: string; at: string }): void {
    this.db.run(
      `INSERT INTO ip_allocations (ip_address, vm_id, allocated_at) VALUES (?, ?, ?)`,
      lease.ipAddress,
      lease.vmId,
      lease.at,
    );
  }

  /** Gives the VM's address back; none is fine. */
  removeOf(vmId: string): void {
    this.db.run("DELETE FROM ip_allocations WHERE vm_id = ?", vmId);
  }
}

import type { Database } from "./database.ts";

/** Reads and writes the table `ip_allocations`: one address for one VM. */
export class LeaseRows {
  constructor(private readonly db: Database) {}

  /** Numbers of all leased addresses, ascending. */
  numbers(): number[] {
    return this.db.all<{ ip_number: number }>(
      "SELECT ip_number FROM ip_allocations ORDER BY ip_number",
    ).map((row) => row.ip_number);
  }

  insert(lease: { ipNumber: number; ipAddress: string; vmId: string; at: string }): void {
    this.db.run(
      `INSERT INTO ip_allocations (ip_number, ip_address, vm_id, allocated_at)
       VALUES (?, ?, ?, ?)`,
      lease.ipNumber,
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

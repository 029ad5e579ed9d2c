/** A state database of each earlier schema opens as what it was, with nothing lost. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { EventRows } from "../../../../server/store/event_rows.ts";
import { Database } from "../../../../server/store/database.ts";
import { LeaseRows } from "../../../../server/store/lease_rows.ts";
import { MIGRATIONS } from "../../../../server/store/migrations.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";

const OLD_STATUSES = ["pending", "starting", "running", "stopped", "crashed"];
const AT = "2024-01-01T00:00:00.000Z";

/** A database as the first version left it: a VM of each status, four leases, five events. */
function writeSchema1(path: string): void {
  const old = new DatabaseSync(path);
  old.exec(MIGRATIONS[0] ?? "");
  old.exec("PRAGMA user_version = 1");
  const insert = old.prepare(
    `INSERT INTO vms VALUES (?, ?, ?, 'qemu', 'tcg', 'disk', ?, ?, ?, 2, 512, 'debug', ?, ?, ?, ?)`,
  );
  OLD_STATUSES.forEach((status, at) => {
    const live = status === "starting" || status === "running";
    const pid = live ? 100 + at : null;
    const mac = `02:00:00:00:00:0${at}`;
    const token = String(at).repeat(64);
    const madeAt = `2024-01-01T00:00:0${9 - at}.000Z`;
    const reason = status === "crashed" ? "no luck" : null;
    insert.run(`id-${at}`, status, status, pid, pid && 7, mac, token, reason, madeAt, AT);
    if (status !== "crashed") {
      old.prepare("INSERT INTO ip_allocations VALUES (?, ?, ?)").run(
        `10.0.0.${at}`,
        `id-${at}`,
        AT,
      );
    }
    old.prepare("INSERT INTO events (type, vm_id, body, at) VALUES ('VM_CREATED', ?, ?, ?)")
      .run(`id-${at}`, JSON.stringify({ type: "VM_CREATED", vm_id: `id-${at}` }), AT);
  });
  old.prepare("INSERT INTO plugins VALUES ('p', '1', 0, '{}', ?)").run(AT);
  old.close();
}

async function migrated(body: (db: Database) => void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "viper-migrations-" });
  try {
    writeSchema1(`${folder}/state.db`);
    using db = Database.open(`${folder}/state.db`);
    body(db);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("MIGRATIONS keep every VM of schema 1, with what it was", () =>
  migrated((db) => {
    const rows = new VmRows(db);
    // By age, which was their order; the seconds of their creation go down.
    assert.deepEqual(rows.all().map(({ seq, id }) => `${seq} ${id}`), [
      ...["1 id-4", "2 id-3", "3 id-2", "4 id-1", "5 id-0"],
    ]);
    for (const [at, status] of OLD_STATUSES.entries()) {
      const row = rows.byName(status);
      const live = status === "starting" || status === "running";
      assert.deepEqual(row, {
        seq: 5 - at,
        id: `id-${at}`,
        name: status,
        status,
        ...{ runtime: "qemu", accel: "tcg", layout: "disk", image: "current" },
        pid: live ? 100 + at : null,
        start_ticks: live ? 7 : null,
        agent_url: null,
        mac_address: `02:00:00:00:00:0${at}`,
        ...{ cpu_cores: 2, memory_mb: 512, kernel_cmdline: "debug" },
        token: String(at).repeat(64),
        labels: {},
        settings: {
          egress: "internet",
          restart_policy: "never",
          idle_timeout_ms: null,
          environment: {},
          chrome: { flags: [] },
        },
        ...{ profile: null, profile_mode: null },
        restarts: 0,
        reason: status === "crashed" ? "no luck" : null,
        expires_at: null,
        // What had booted must not look like what came to nothing, which is taken back.
        started_at: status === "pending" ? null : `2024-01-01T00:00:0${9 - at}.000Z`,
        ready_at: null,
        created_at: `2024-01-01T00:00:0${9 - at}.000Z`,
        updated_at: AT,
        ip_address: status === "crashed" ? null : `10.0.0.${at}`,
      });
    }
  }));

Deno.test("MIGRATIONS keep leases, events and what refers to what", () =>
  migrated((db) => {
    assert.deepEqual(
      new LeaseRows(db).addresses().sort(),
      [0, 1, 2, 3].map((at) => `10.0.0.${at}`),
    );
    assert.equal(new EventRows(db).after(0, 10).length, OLD_STATUSES.length);
    assert.equal(db.all("SELECT * FROM plugins").length, 1);
    assert.deepEqual(db.all("PRAGMA foreign_key_check"), []);
    assert.equal(
      db.get<{ integrity_check: string }>("PRAGMA integrity_check")?.integrity_check,
      "ok",
    );
    assert.throws(() => new LeaseRows(db).insert({ ipAddress: "10.0.0.9", vmId: "none", at: AT }));
    const rows = new VmRows(db);
    rows.remove("id-2");
    assert.ok(!new LeaseRows(db).addresses().includes("10.0.0.2"), "a lease outlives its VM");
    // Numbers of VMs that are gone are not given again.
    const { seq: _seq, ip_address: _ip, ...row } = rows.byName("stopped") ?? assert.fail();
    rows.remove("id-0");
    rows.insert({ ...row, id: "new", name: "new", status: "paused" });
    assert.equal(rows.byName("new")?.seq, 6);
  }));

Deno.test("MIGRATIONS can be applied from every version on", async () => {
  for (let version = 0; version < MIGRATIONS.length; version++) {
    const path = await Deno.makeTempFile({ prefix: "viper-migrations-" });
    try {
      const old = new DatabaseSync(path);
      for (const step of MIGRATIONS.slice(0, version)) old.exec(step);
      old.exec(`PRAGMA user_version = ${version}`);
      old.close();
      using fresh = Database.open(":memory:");
      using db = Database.open(path);
      const schema = (of: Database) =>
        of.all("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
      assert.deepEqual(schema(db), schema(fresh), `from ${version}`);
    } finally {
      await Deno.remove(path);
    }
  }
});

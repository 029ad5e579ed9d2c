/** Records of changes: paged, pruned, and never in the way. */
import assert from "node:assert/strict";
import { Audit } from "../../../server/audit.ts";
import { AUDIT_KEPT_DAYS, AUDIT_KEPT_MAX, AuditRows } from "../../../server/store/audit_rows.ts";
import { keyWorld } from "./keys/key_world.ts";

const CHANGE = {
  principal: "ci",
  key_id: "0123456789abcdef",
  role: "operator",
  via: "key",
  peer: "10.0.0.1",
  operation: "vms.create",
  target: "a",
  outcome: "ok",
} as const;

Deno.test("Audit.list() pages through all records, newest first", () => {
  using world = keyWorld();
  const audit = new Audit(new AuditRows(world.db), world.host);
  assert.deepEqual(audit.list(10), { records: [] });
  for (let at = 0; at < 5; at++) audit.record("", { ...CHANGE, target: `vm-${at}` });
  const first = audit.list(2);
  assert.deepEqual(first.records[0], {
    ...{ seq: 5, at: "2024-01-01T00:00:00.000Z", ...CHANGE, target: "vm-4" },
  });
  const second = audit.list(2, first.next_cursor);
  const third = audit.list(2, second.next_cursor);
  assert.deepEqual(
    [first, second, third].map(({ records }) => records.map(({ target }) => target)),
    [["vm-4", "vm-3"], ["vm-2", "vm-1"], ["vm-0"]],
  );
  assert.equal(third.next_cursor, undefined);
  assert.equal(audit.list(5).next_cursor, undefined);
  assert.equal(JSON.parse(world.log[0] ?? "").operation, "vms.create");
});

Deno.test("AuditRows keeps so many records and so many days", () => {
  using world = keyWorld();
  const rows = new AuditRows(world.db);
  const at = (days: number) => new Date(Date.UTC(2024, 0, 1 + days)).toISOString();
  const insert = (days: number) => rows.insert({ ...CHANGE, at: at(days) });
  for (let count = 0; count < 99; count++) insert(0);
  insert(AUDIT_KEPT_DAYS + 1);
  assert.deepEqual(rows.before(1_000, 1_000).map(({ seq }) => seq), [100]);
  world.db.run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'audit'", AUDIT_KEPT_MAX + 99);
  insert(AUDIT_KEPT_DAYS + 1);
  const newest = AUDIT_KEPT_MAX + 100;
  assert.deepEqual(rows.before(newest + 1, 10).map(({ seq }) => seq), [newest]);
});

Deno.test("Audit.record() says in the log what could not be stored, and does not throw", () => {
  using world = keyWorld();
  const audit = new Audit(new AuditRows(world.db), world.host);
  world.db.run("DROP TABLE audit");
  audit.record("request", CHANGE);
  assert.deepEqual(world.log.map((line) => JSON.parse(line).level), ["info", "error"]);
});

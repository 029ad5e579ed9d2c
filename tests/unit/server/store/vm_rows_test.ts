/** What lists of VMs show, and what counts as live in SQL. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { vmStatus } from "../../../../protocol/vms.ts";
import { Database } from "../../../../server/store/database.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";
import { LIVE_STATUSES } from "../../../../server/vms/states.ts";
import { vmRow } from "./vm_row.ts";

Deno.test("VmRows.load() counts exactly the statuses that are live", () => {
  for (const status of vmStatus.options) {
    using db = Database.open(":memory:");
    const rows = new VmRows(db);
    rows.insert({ ...vmRow("one"), status, cpu_cores: 3, memory_mb: 512 });
    const isLive = (LIVE_STATUSES as readonly string[]).includes(status);
    const load = isLive
      ? { count: 1, cpuCores: 3, memoryMb: 512 }
      : { count: 0, cpuCores: 0, memoryMb: 0 };
    assert.deepEqual({ ...rows.load() }, load, status);
  }
});

Deno.test("VmRows.countByStatus() counts each and leaves out what is not there", () => {
  using db = Database.open(":memory:");
  const rows = new VmRows(db);
  for (const [id, status] of [["a", "running"], ["b", "paused"], ["c", "running"]] as const) {
    rows.insert({ ...vmRow(id), status });
  }
  const counts = rows.countByStatus().map(({ status, count }) => `${status} ${count}`).sort();
  assert.deepEqual(counts, ["paused 1", "running 2"]);
});

const LABELLED: readonly [name: string, labels: Record<string, string>][] = [
  ["none", {}],
  ["web", { team: "web" }],
  ["both", { team: "web", stage: "1" }],
  ["empty", { team: "" }],
  ["odd", { "a/b.c-d_e": "web", "__proto__x": "1" }],
];
const FILTERS: readonly [(readonly [string, string])[], string[]][] = [
  [[], ["none", "web", "both", "empty", "odd"]],
  [[["team", "web"]], ["web", "both"]],
  [[["team", "web"], ["stage", "1"]], ["both"]],
  [[["stage", "1"], ["team", "web"]], ["both"]],
  [[["team", ""]], ["empty"]],
  [[["team", "web"], ["team", "other"]], []],
  [[["a/b.c-d_e", "web"]], ["odd"]],
  [[["stage", "01"]], []],
  [[["$", "web"]], []],
  [[["team", "w%"]], []],
  [[["team' OR '1'='1", "x"]], []],
];

for (const [labels, names] of FILTERS) {
  Deno.test(`VmRows.list() by ${JSON.stringify(labels)} is ${names.join(", ") || "empty"}`, () => {
    using db = Database.open(":memory:");
    const rows = new VmRows(db);
    for (const [name, labels] of LABELLED) rows.insert({ ...vmRow(name), labels });
    assert.deepEqual(rows.list({ labels }).map(({ name }) => name), names);
    for (const { name, labels } of rows.all()) {
      assert.deepEqual(labels, LABELLED.find(([of]) => of === name)?.[1]);
    }
  });
}

Deno.test("VmRows.list() filters by status and labels at once", () => {
  using db = Database.open(":memory:");
  const rows = new VmRows(db);
  rows.insert({ ...vmRow("a"), status: "running", labels: { team: "web" } });
  rows.insert({ ...vmRow("b"), status: "crashed", labels: { team: "web" } });
  rows.insert({ ...vmRow("c"), status: "running" });
  const found = rows.list({ status: "running", labels: [["team", "web"]] });
  assert.deepEqual(found.map(({ name }) => name), ["a"]);
});

Deno.test("VmRows.list() pages show each VM once that was there all the time, in order", () => {
  const change = fc.oneof(
    fc.record({ insert: fc.constant(true), at: fc.nat(30) }),
    fc.record({ insert: fc.constant(false), at: fc.nat(30) }),
  );
  const property = fc.property(
    fc.nat(12),
    fc.integer({ min: 1, max: 4 }),
    fc.array(change, { maxLength: 12 }),
    (count, limit, changes) => {
      using db = Database.open(":memory:");
      const rows = new VmRows(db);
      const pending = [...changes];
      for (let at = 0; at < count; at++) rows.insert(vmRow(`vm-${at}`));
      const stays = new Set(rows.all().map(({ id }) => id));
      const shown: number[] = [];
      const ids: string[] = [];
      for (let page = rows.list({ limit }); page.length > 0;) {
        assert.ok(page.length <= limit);
        for (const { seq, id } of page) [shown.push(seq), ids.push(id)];
        const next = pending.shift();
        if (next?.insert && rows.byId(`new-${next.at}`) === undefined) {
          rows.insert(vmRow(`new-${next.at}`));
        }
        if (next?.insert === false) {
          rows.remove(`vm-${next.at}`);
          stays.delete(`vm-${next.at}`);
        }
        page = rows.list({ limit, after: shown.at(-1) ?? 0 });
      }
      assert.deepEqual(shown, [...new Set(shown)].toSorted((one, other) => one - other));
      for (const id of stays) assert.ok(ids.includes(id), id);
    },
  );
  fc.assert(property);
});

import assert from "node:assert/strict";
import { nextRestart } from "../../../../server/vms/restarts.ts";
import { vmRow } from "../store/vm_row.ts";

const NOW = new Date("2024-01-01T12:00:00.000Z");
const readyBefore = (ms: number) => new Date(NOW.getTime() - ms).toISOString();

const CASES: readonly [
  what: string,
  row: { policy?: "never"; restarts: number; ready_at?: string },
  restart: { afterMs: number; count: number } | null,
][] = [
  ["the first", { restarts: 0 }, { afterMs: 1_000, count: 1 }],
  ["the second", { restarts: 1 }, { afterMs: 2_000, count: 2 }],
  ["the fifth", { restarts: 4 }, { afterMs: 16_000, count: 5 }],
  ["none after five", { restarts: 5 }, null],
  ["none by another policy", { policy: "never", restarts: 0 }, null],
  ["the next after ten minutes less a bit", { restarts: 3, ready_at: readyBefore(599_999) }, {
    ...{ afterMs: 8_000, count: 4 },
  }],
  ["the first after ten minutes", { restarts: 5, ready_at: readyBefore(600_000) }, {
    ...{ afterMs: 1_000, count: 1 },
  }],
  ["none when the clock was set back", { restarts: 5, ready_at: readyBefore(-1e9) }, null],
];

for (const [what, { policy, restarts, ready_at = null }, restart] of CASES) {
  Deno.test(`nextRestart() is ${what}`, () => {
    const settings = { ...vmRow("a").settings, restart_policy: policy ?? "on_crash" as const };
    assert.deepEqual(nextRestart({ settings, restarts, ready_at }, NOW), restart);
  });
}

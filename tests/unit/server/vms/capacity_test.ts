import assert from "node:assert/strict";
import { assertFits, capacityOf, largestVm } from "../../../../server/vms/capacity.ts";

const CAPACITY = { vms: 3, cpuCores: 8, memoryMb: 1_000 };
const EMPTY = { count: 0, cpuCores: 0, memoryMb: 0 };

/** Each VM takes 64 MB beside its guest's. */
const ASKED: readonly [
  what: string,
  asked: { cpu_cores: number; memory_mb: number },
  load: typeof EMPTY,
  refusal: RegExp | null,
][] = [
  ["all there is", { cpu_cores: 8, memory_mb: 936 }, EMPTY, null],
  ["a core too much", { cpu_cores: 9, memory_mb: 1 }, EMPTY, /9 cores and 8 are left/],
  ["a megabyte too much", { cpu_cores: 1, memory_mb: 937 }, EMPTY, /937 MB and 936 MB are left/],
  ["the rest", { cpu_cores: 2, memory_mb: 372 }, { count: 1, cpuCores: 6, memoryMb: 500 }, null],
  [
    "more than the rest",
    { cpu_cores: 2, memory_mb: 373 },
    { count: 1, cpuCores: 6, memoryMb: 500 },
    /373 MB and 372 MB are left/,
  ],
  [
    "a place where the last is taken",
    { cpu_cores: 1, memory_mb: 1 },
    { count: 3, cpuCores: 3, memoryMb: 3 },
    /3 are live, which is the limit/,
  ],
  [
    "anything of a host whose limits were lowered",
    { cpu_cores: 1, memory_mb: 1 },
    { count: 2, cpuCores: 20, memoryMb: 5_000 },
    /1 cores and 0 are left/,
  ],
];

for (const [what, asked, load, refusal] of ASKED) {
  Deno.test(`assertFits() ${refusal === null ? "lets have" : "refuses"} ${what}`, () => {
    const ask = () => assertFits({ name: "a", ...asked }, load, CAPACITY);
    if (refusal === null) return ask();
    assert.throws(ask, (error: Error & { code: string; retryAfterSeconds: number }) => {
      assert.match(error.message, refusal);
      assert.equal(error.code, load.count >= 3 ? "vm_limit_reached" : "capacity_exhausted");
      assert.ok(error.retryAfterSeconds > 0);
      return true;
    });
  });
}

Deno.test("capacityOf() goes by the settings, else by the host's size", () => {
  const host = { cpuCores: 4, memoryMb: 10_000 };
  assert.deepEqual(capacityOf({ vmLimit: 5, cpuLimit: null, memoryLimitMb: null }, host), {
    ...{ vms: 5, cpuCores: 32, memoryMb: 9_000 },
  });
  assert.deepEqual(capacityOf({ vmLimit: 5, cpuLimit: 7, memoryLimitMb: 8 }, host), {
    ...{ vms: 5, cpuCores: 7, memoryMb: 8 },
  });
});

Deno.test("largestVm() is what an empty host can bear, and is not refused there", () => {
  const most = largestVm({ cpuCores: 64, memoryMb: 100_000 }, CAPACITY);
  assert.deepEqual(most, { cpuCores: 8, memoryMb: 936 });
  assertFits({ name: "a", cpu_cores: most.cpuCores, memory_mb: most.memoryMb }, EMPTY, CAPACITY);
  assert.deepEqual(largestVm({ cpuCores: 2, memoryMb: 512 }, CAPACITY), {
    ...{ cpuCores: 2, memoryMb: 512 },
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { readMark, tapName } from "../../../../server/network/tap.ts";

Deno.test("tapName() is a name that the kernel takes, and always the same", () => {
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 36 }), (id) => {
    assert.match(tapName(id), /^vpt-[0-9a-hjkmnp-tv-z]{11}$/);
    assert.equal(tapName(id), tapName(id));
  }));
});

Deno.test("tapName() uses the whole id: long ids that differ at the end have different taps", () => {
  const ids = Array.from({ length: 5_000 }, (_, at) => `00000000-0000-4000-8000-${at}`);
  assert.equal(new Set(ids.map(tapName)).size, ids.length);
});

const ALIASES: readonly [alias: string, id: string | null][] = [
  ["viper-tap:viperbr0,vm-1,192.168.127.2,02:00:00:00:00:02", "vm-1"],
  ["viper-tap:vm-1", null],
  ["viper-tap:viperbr0,vm-1,192.168.127.2,", null],
  ["somebody's", null],
  ["", null],
];
for (const [alias, id] of ALIASES) {
  Deno.test(`readMark() reads ${id ?? "nothing"} in "${alias}"`, () => {
    assert.equal(readMark({ alias })?.id ?? null, id);
  });
}

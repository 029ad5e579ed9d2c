import assert from "node:assert/strict";
import {
  byteAt,
  bytecode,
  DROP,
  frameLength,
  halfAt,
  type Instruction,
  PASS,
  when,
  wordAt,
} from "../../../../server/network/packet_program.ts";
import { passes } from "./packet_machine.ts";

/** Title, condition, whether it holds for the frame 01 02 03 … 40. */
const FRAME = new Uint8Array(64).map((_, at) => at + 1);
const CONDITIONS = [
  ["a byte is", byteAt(4).is(5), true],
  ["a byte is another", byteAt(4).is(6), false],
  ["a half is not", halfAt(0).isNot(0x0102), false],
  ["a word is at least", wordAt(0).isAtLeast(0x01020304), true],
  ["a word is at least more", wordAt(0).isAtLeast(0x01020305), false],
  ["the length is below", frameLength.isBelow(64), false],
  ["the length is below more", frameLength.isBelow(65), true],
  ["some bits", byteAt(2).hasAnyOf(0x05), true],
  ["other bits", byteAt(2).hasAnyOf(0xf0), false],
  ["a masked word", wordAt(0).masked(0xffff0000).is(0x01020000), true],
] as const;

for (const [title, condition, holds] of CONDITIONS) {
  Deno.test(`when() asks whether ${title}`, () => {
    assert.equal(passes([...when([condition], PASS), ...DROP], FRAME), holds);
  });
}

Deno.test("when() runs its body only where all conditions hold, and else what follows", () => {
  const [yes, no] = [byteAt(0).is(1), byteAt(0).is(2)];
  for (const conditions of [[no], [yes, no], [no, yes], [yes, yes, no]]) {
    assert.equal(passes([...when(conditions, PASS), ...DROP], FRAME), false);
  }
  assert.equal(passes([...when([yes, yes, yes], PASS), ...DROP], FRAME), true);
});

Deno.test("when() and bytecode() refuse what the kernel would not run", () => {
  const long = (count: number) => Array<Instruction>(count).fill(PASS[0] as Instruction);
  assert.throws(() => when([byteAt(0).is(1)], long(256)), RangeError);
  assert.throws(() => bytecode(long(4_097)), RangeError);
  assert.match(bytecode(long(4_096)), /^4096,6 0 0 0,/);
});

/** Classic BPF, run here: what the kernel would do with a packet program. */
import assert from "node:assert/strict";
import type { Instruction } from "../../../../server/network/packet_program.ts";

/** TC_ACT_OK; a load past the end of a frame ends a program with it, too. */
const OK = 0;
const VLAN_TAG_PRESENT = 0xffff_f030;

/** Whether the program lets the frame pass. A tag is taken off before a filter sees the frame. */
export function passes(program: readonly Instruction[], sent: Uint8Array): boolean {
  const isTagged = sent[12] === 0x81 && sent[13] === 0x00;
  const frame = isTagged ? new Uint8Array([...sent.slice(0, 12), ...sent.slice(16)]) : sent;
  return verdict(program, frame, isTagged) === OK;
}

function verdict(program: readonly Instruction[], frame: Uint8Array, isTagged: boolean): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let a = 0;
  for (let at = 0; at < program.length; at++) {
    const [code, jt, jf, k] = program[at] ?? [0, 0, 0, 0];
    const jump = (holds: boolean) => at += holds ? jt : jf;
    const bytes = ({ 0x20: 4, 0x28: 2, 0x30: 1 } as Record<number, number>)[code];
    if (code === 0x20 && k === VLAN_TAG_PRESENT) a = Number(isTagged);
    else if (bytes !== undefined) {
      if (k + bytes > frame.length) return OK;
      a = bytes === 4 ? view.getUint32(k) : bytes === 2 ? view.getUint16(k) : view.getUint8(k);
    } else if (code === 0x80) a = frame.length;
    else if (code === 0x54) a = (a & k) >>> 0;
    else if (code === 0x15) jump(a === k);
    else if (code === 0x35) jump(a >= k);
    else if (code === 0x45) jump((a & k) !== 0);
    else if (code === 0x06) return k;
    else assert.fail(`no such instruction: ${code}`);
  }
  assert.fail("the program ran past its end");
}

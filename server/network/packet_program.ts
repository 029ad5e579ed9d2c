/**
 * Small packet filters in classic BPF, which `tc` takes as text and the kernel checks before it
 * runs them. Every block is a condition and what follows from it; there are no loops and no labels.
 *
 * Instructions and their numbers: https://docs.kernel.org/networking/filter.html
 *
 * @module
 */

/** Code, jump when true, jump when false, operand. */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_LENGTH = 0x80;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

/** A jump's distance is one byte. */
const JUMP_MAX = 255;
/** BPF_MAXINSNS: the kernel takes no longer program. */
const INSTRUCTIONS_MAX = 4_096;
/** Where ancillary data begins, as an unsigned word (SKF_AD_OFF), and whether there is a VLAN. */
const VLAN_TAG_PRESENT = 2 ** 32 - 0x1000 + 48;

/** TC_ACT_OK and TC_ACT_SHOT, the verdicts of a filter that acts by itself. */
export const PASS: readonly Instruction[] = [[RETURN, 0, 0, 0]];
export const DROP: readonly Instruction[] = [[RETURN, 0, 0, 2]];

/** A question about a packet. */
export interface Condition {
  readonly load: readonly Instruction[];
  readonly jump: number;
  readonly operand: number;
  /** What the jump's outcome has to be. */
  readonly holds: boolean;
}

/** A number in a packet that conditions ask about. */
export interface Field {
  is(value: number): Condition;
  isNot(value: number): Condition;
  isAtLeast(value: number): Condition;
  isBelow(value: number): Condition;
  hasAnyOf(bits: number): Condition;
  /** The field with all but these bits cleared. */
  masked(bits: number): Field;
}

/** Bytes of a frame, from its Ethernet header on; what lies past its end ends the filter. */
export const byteAt = (offset: number): Field => field([[LOAD_BYTE, 0, 0, offset]]);
export const halfAt = (offset: number): Field => field([[LOAD_HALF, 0, 0, offset]]);
export const wordAt = (offset: number): Field => field([[LOAD_WORD, 0, 0, offset]]);
export const frameLength: Field = field([[LOAD_LENGTH, 0, 0, 0]]);
/** 1 where the frame came with a VLAN tag; the tag itself is no longer among its bytes. */
export const vlanTag: Field = field([[LOAD_WORD, 0, 0, VLAN_TAG_PRESENT]]);

function field(load: readonly Instruction[]): Field {
  const ask = (jump: number, operand: number, holds: boolean) => ({ load, jump, operand, holds });
  return {
    is: (value) => ask(JUMP_EQUAL, value, true),
    isNot: (value) => ask(JUMP_EQUAL, value, false),
    isAtLeast: (value) => ask(JUMP_GREATER_OR_EQUAL, value, true),
    isBelow: (value) => ask(JUMP_GREATER_OR_EQUAL, value, false),
    hasAnyOf: (bits) => ask(JUMP_ANY_BIT, bits, true),
    masked: (bits) => field([...load, [AND, 0, 0, bits]]),
  };
}

/** Runs the body when all conditions hold; else, or when the body ends, what comes after it. */
export function when(
  conditions: readonly Condition[],
  body: readonly Instruction[],
): Instruction[] {
  let block = [...body];
  for (const { load, jump, operand, holds } of conditions.toReversed()) {
    if (block.length > JUMP_MAX) throw new RangeError("Cannot jump over so long a block");
    const past = block.length;
    block = [...load, [jump, holds ? 0 : past, holds ? past : 0, operand], ...block];
  }
  return block;
}

/** The program as `tc` reads and prints it: its length, then its instructions. */
export function bytecode(program: readonly Instruction[]): string {
  if (program.length > INSTRUCTIONS_MAX) throw new RangeError("Cannot load so long a program");
  return [program.length, ...program.map((instruction) => instruction.join(" "))].join(",");
}

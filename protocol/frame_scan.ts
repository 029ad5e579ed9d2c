/**
 * Where frames of a WebSocket begin and end in a stream of bytes (RFC 6455, section 5), without
 * holding their payloads.
 *
 * @module
 */
import { joined } from "./http_head.ts";

const FINAL_BIT = 0x80;
const MASK_BIT = 0x80;
const OPCODE_BITS = 0x0f;
/** Of a mask, which a client's frames have. */
export const MASK_BYTES = 4;
/** A frame's head at most: two bytes, eight of length, four of mask. */
const HEAD_BYTES_MAX = 14;
const NOTHING = new Uint8Array();

/** The head of a frame. */
export interface FrameHead {
  readonly isFinal: boolean;
  readonly opcode: number;
  /** Bytes of the head itself. */
  readonly headLength: number;
  readonly payloadLength: number;
  /** A client's frames have one, in the head's last four bytes. */
  readonly hasMask: boolean;
}

/** Reads the head that begins at `at`; `null` while it is incomplete. */
export function frameHead(bytes: Uint8Array, at: number): FrameHead | null {
  const available = bytes.length - at;
  if (available < 2) return null;
  const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
  const short = second & ~MASK_BIT;
  const hasMask = (second & MASK_BIT) !== 0;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  const headLength = 2 + lengthBytes + (hasMask ? MASK_BYTES : 0);
  if (available < headLength) return null;
  let payloadLength = lengthBytes === 0 ? short : 0;
  for (let index = at + 2; index < at + 2 + lengthBytes; index++) {
    payloadLength = payloadLength * 256 + (bytes[index] as number);
  }
  const isFinal = (first & FINAL_BIT) !== 0;
  return { isFinal, opcode: first & OPCODE_BITS, headLength, payloadLength, hasMask };
}

/** Follows frames through chunks and tells where the stream stands between two messages. */
export class FrameScan {
  #begun: Uint8Array = NOTHING;
  #left = 0;
  #isMidMessage = false;

  /**
   * Takes the next chunk.
   *
   * @returns how many of its bytes lie before its last boundary between messages; -1 when it has
   * none, not even at its start
   */
  push(chunk: Uint8Array): number {
    let boundary = this.#begun.length === 0 && this.#left === 0 && !this.#isMidMessage ? 0 : -1;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const begun = this.#begun.length;
        const head = begun === 0 ? frameHead(chunk, at) : this.#headOf(chunk, at);
        if (head === null) {
          if (begun === 0) this.#begun = chunk.slice(at);
          break;
        }
        if (begun > 0) this.#begun = NOTHING;
        at += head.headLength - begun;
        this.#left = head.payloadLength;
        // Control frames (opcodes from 8 on) may stand within a message and do not end it.
        if (head.opcode < 8) this.#isMidMessage = !head.isFinal;
      }
      const size = Math.min(this.#left, chunk.length - at);
      this.#left -= size;
      at += size;
      if (this.#left === 0 && !this.#isMidMessage) boundary = at;
    }
    return boundary;
  }

  /** The head that an earlier chunk has begun. */
  #headOf(chunk: Uint8Array, at: number): FrameHead | null {
    this.#begun = joined(this.#begun, chunk.subarray(at, at + HEAD_BYTES_MAX));
    return frameHead(this.#begun, 0);
  }
}

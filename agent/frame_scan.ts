/**
 * Where frames of a WebSocket begin and end in a stream of bytes (RFC 6455, section 5), without
 * holding their payloads.
 *
 * @module
 */
import { joined } from "../protocol/http_head.ts";

const FINAL_BIT = 0x80;
const MASK_BIT = 0x80;
const OPCODE_BITS = 0x0f;
const MASK_BYTES = 4;
/** A frame's head at most: two bytes, eight of length, four of mask. */
const HEAD_BYTES_MAX = 14;

/** The head of a frame. */
export interface FrameHead {
  readonly isFinal: boolean;
  readonly opcode: number;
  /** Bytes of the head itself. */
  readonly headLength: number;
  readonly payloadLength: number;
  /** `null` for a frame without one, as a server's are. */
  readonly mask: Uint8Array | null;
}

/** Reads the head that begins at `at`; `null` while it is incomplete. */
export function frameHead(bytes: Uint8Array, at: number): FrameHead | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  if (view.byteLength < 2) return null;
  const [first, second] = [view.getUint8(0), view.getUint8(1)];
  const short = second & ~MASK_BIT;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  const maskBytes = (second & MASK_BIT) === 0 ? 0 : MASK_BYTES;
  const headLength = 2 + lengthBytes + maskBytes;
  if (view.byteLength < headLength) return null;
  const payloadLength = lengthBytes === 0
    ? short
    : lengthBytes === 2
    ? view.getUint16(2)
    : Number(view.getBigUint64(2));
  return {
    ...{ isFinal: (first & FINAL_BIT) !== 0, opcode: first & OPCODE_BITS },
    ...{ headLength, payloadLength },
    mask: maskBytes === 0 ? null : bytes.subarray(at + headLength - MASK_BYTES, at + headLength),
  };
}

/** Follows frames through chunks and tells where the stream stands between two messages. */
export class FrameScan {
  #begun = new Uint8Array();
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
        const window = chunk.subarray(at, at + HEAD_BYTES_MAX);
        const bytes = begun === 0 ? window : joined(this.#begun, window);
        const head = frameHead(bytes, 0);
        if (head === null) {
          this.#begun = bytes.slice();
          break;
        }
        this.#begun = new Uint8Array();
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
}

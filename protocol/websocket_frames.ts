/** WebSocket frames as a client sends and reads them (RFC 6455, section 5). */

const FINAL_BIT = 0x80;
const MASK_BIT = 0x80;
/** Payloads from here on have their length in two bytes more, or in eight. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** What frames are for. */
export const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;

/** One frame of the server's. */
export interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** A single, final frame of a server's, which has no mask. */
export function serverFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = encodeFrame(opcode, payload, new Uint8Array());
  frame[1] = (frame[1] as number) & ~MASK_BIT;
  return frame;
}

/** A single, final frame; `mask` has four bytes, as every frame of a client's must. */
export function encodeFrame(
  opcode: number,
  payload: Uint8Array,
  mask: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 0x10000 ? 2 : 8;
  const headLength = 2 + lengthBytes + mask.length;
  const frame = new Uint8Array(headLength + length);
  const view = new DataView(frame.buffer);
  frame[0] = FINAL_BIT | opcode;
  frame[1] = MASK_BIT | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  frame.set(mask, 2 + lengthBytes);
  for (let index = 0; index < length; index++) {
    frame[headLength + index] = (payload[index] as number) ^ (mask[index & 3] ?? 0);
  }
  return frame;
}

/** Cuts a byte stream into frames, wherever its chunks end. */
export class FrameDecoder {
  #buffer = new Uint8Array(64 * 1024);
  #length = 0;
  readonly #payloadBytesMax: number;

  constructor(payloadBytesMax: number) {
    this.#payloadBytesMax = payloadBytesMax;
  }

  /** The frames that are complete with this chunk. @throws {RangeError} when one is too large */
  push(chunk: Uint8Array): Frame[] {
    this.#append(chunk);
    const frames: Frame[] = [];
    let at = 0;
    for (let size = this.#frameAt(at, frames); size > 0; size = this.#frameAt(at, frames)) {
      at += size;
    }
    this.#buffer.copyWithin(0, at, this.#length);
    this.#length -= at;
    return frames;
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  /** Reads the frame that begins at `at`; its size, or 0 while it is incomplete. */
  #frameAt(at: number, frames: Frame[]): number {
    const available = this.#length - at;
    const view = new DataView(this.#buffer.buffer, at, available);
    if (available < 2) return 0;
    const short = view.getUint8(1) & ~MASK_BIT;
    const headLength = short < LENGTH_16 ? 2 : short === LENGTH_16 ? 4 : 10;
    if (available < headLength) return 0;
    const length = headLength === 2
      ? short
      : headLength === 4
      ? view.getUint16(2)
      : Number(view.getBigUint64(2));
    if (length > this.#payloadBytesMax) {
      throw new RangeError(`Cannot read a frame of ${length} bytes: too large`);
    }
    if (available < headLength + length) return 0;
    frames.push({
      final: (view.getUint8(0) & FINAL_BIT) !== 0,
      opcode: view.getUint8(0) & 0x0f,
      payload: this.#buffer.slice(at + headLength, at + headLength + length),
    });
    return headLength + length;
  }
}

/** Decodes a PNG far enough to look at a pixel: 8 bits a channel, not interlaced (RFC 2083). */
import { inflateSync } from "node:zlib";

/** A decoded image. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of the pixel. */
  pixel(x: number, y: number): [number, number, number];
  /** 255 where the pixel is opaque. */
  alpha(x: number, y: number): number;
}

/** @throws {Error} for anything that is no such PNG */
export function decodePng(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a) {
    throw new Error("Not a PNG");
  }
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const [depth, colour, , , interlaced] = bytes.subarray(24, 29);
  const channels = colour === 6 ? 4 : colour === 2 ? 3 : 0;
  if (depth !== 8 || channels === 0 || interlaced !== 0) throw new Error("Not a plain PNG");
  const rows = unfilter(inflateSync(imageData(bytes, view)), width * channels, height, channels);
  return {
    width,
    height,
    pixel: (x, y) => {
      const at = (y * width + x) * channels;
      return [rows[at] ?? -1, rows[at + 1] ?? -1, rows[at + 2] ?? -1];
    },
    alpha: (x, y) => channels === 3 ? 255 : rows[(y * width + x) * channels + 3] ?? -1,
  };
}

function imageData(bytes: Uint8Array, view: DataView): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Each row begins with the filter that it went through (RFC 2083 section 6). */
function unfilter(data: Uint8Array, stride: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= step ? out[at - step] ?? 0 : 0;
      const up = y > 0 ? out[at - stride] ?? 0 : 0;
      const upLeft = x >= step && y > 0 ? out[at - stride - step] ?? 0 : 0;
      out[at] = (data[y * (stride + 1) + 1 + x] ?? 0) + predicted(filter, left, up, upLeft);
    }
  }
  return out;
}

function predicted(filter: number | undefined, left: number, up: number, upLeft: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  return filter === 4 ? paeth(left, up, upLeft) : 0;
}

function paeth(left: number, up: number, upLeft: number): number {
  const guess = left + up - upLeft;
  const [a, b, c] = [left, up, upLeft].map((value) => Math.abs(guess - value)) as [
    number,
    number,
    number,
  ];
  return a <= b && a <= c ? left : b <= c ? up : upLeft;
}

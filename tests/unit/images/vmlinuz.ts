/** A file with the boot header of a Linux kernel and the given payload. */
export function vmlinuz(payload: readonly number[]): Uint8Array<ArrayBuffer> {
  const setupSectors = 2;
  const offset = 0x40;
  const start = (setupSectors + 1) * 512 + offset;
  const bytes = new Uint8Array(start + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0x1f1, setupSectors);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint32(0x248, offset, true);
  view.setUint32(0x24c, payload.length, true);
  bytes.set(payload, start);
  return bytes;
}

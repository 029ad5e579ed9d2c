/**
 * A guest of some hundred bytes, for Cloud Hypervisor's real program: where the processor runs
 * guests so badly that no kernel comes up, it still runs, and so a machine's whole life can be tried.
 *
 * It is an ELF file with a PVH note (https://xenbits.xen.org/docs/unstable/misc/pvh.html): started
 * in protected mode with flat segments.
 */
import type { GuestDeed } from "./rig.ts";

const LOAD_ADDRESS = 0x100_0000;
const TEXT_OFFSET = 0x200;
const FILE_OFFSET = 0x1000;
const TEXT = "tick\n";

/** Machine code, and what it says in Intel's notation. */
type Line = readonly [hex: string, assembly: string];

const SAY: readonly Line[] = [
  ["31 db", "xor ebx, ebx"],
  [`be ${word(LOAD_ADDRESS + TEXT_OFFSET)}`, "again: mov esi, text"],
  [`b9 ${word(TEXT.length)}`, "mov ecx, length"],
  ["ba f8 03 00 00", "mov edx, 0x3f8 (the serial port)"],
  ["fc", "cld"],
  ["f3 6e", "rep outsb"],
  ["43", "inc ebx"],
  ["0f 31", "rdtsc"],
  ["89 c7", "mov edi, eax"],
  ["0f 31", "wait: rdtsc"],
  ["29 f8", "sub eax, edi"],
  ["3d 00 00 00 10", "cmp eax, some 100 ms"],
  ["72 f5", "jb wait"],
  ["83 fb 03", "cmp ebx, 3"],
  ["75 d9", "jne again"],
];
/** Where `again` is. */
const AGAIN = 2;

/** Cloud Hypervisor's own port for sleep and reset, as its ACPI tables tell it. */
const SLEEP_PORT: Line = ["ba 00 06 00 00", "mov edx, 0x600"];

const DEEDS: Readonly<Record<GuestDeed, readonly Line[]>> = {
  tick: [],
  poweroff: [SLEEP_PORT, ["b0 34", "mov al, sleep type 5"], ["ee", "out dx, al"]],
  reset: [SLEEP_PORT, ["b0 01", "mov al, 1"], ["ee", "out dx, al"]],
  panic: [
    ["b9 00 00 00 80", "mov ecx, bus 0 device 0"],
    ["89 c8", "scan: mov eax, ecx"],
    ...select(),
    ["ed", "in eax, dx"],
    ["3d 36 1b 11 00", "cmp eax, pvpanic (1b36:0011)"],
    ["74 0e", "je found"],
    ["81 c1 00 08 00 00", "add ecx, next device"],
    ["81 f9 00 00 01 80", "cmp ecx, bus 1"],
    ["72 dd", "jb scan"],
    ["8d 41 04", "found: lea eax, [ecx + command]"],
    ...select(),
    ["ed", "in eax, dx"],
    ["83 c8 02", "or eax, memory"],
    ["ef", "out dx, eax"],
    ["8d 41 10", "lea eax, [ecx + BAR 0]"],
    ...select(),
    ["ed", "in eax, dx"],
    ["83 e0 f0", "and eax, address"],
    ["c6 00 01", "mov byte ptr [eax], panicked"],
  ],
};

/** PCI's register in eax: asked for by one port, read and written by the next. */
function select(): Line[] {
  return [
    ["ba f8 0c 00 00", "mov edx, 0xcf8"],
    ["ef", "out dx, eax"],
    ["ba fc 0c 00 00", "mov edx, 0xcfc"],
  ];
}

/** Writes the guest as a kernel: it says `tick` every now and then, and after three times does it. */
export async function writeBareGuest(path: string, deed: GuestDeed): Promise<void> {
  const lines = [...SAY, ...DEEDS[deed]];
  const code = lines.flatMap(([hex]) => hex.split(" ").map((byte) => parseInt(byte, 16)));
  const jump = word(AGAIN - (code.length + 5)).split(" ").map((byte) => parseInt(byte, 16));
  const image = new Uint8Array(TEXT_OFFSET + TEXT.length);
  image.set([...code, 0xe9, ...jump]);
  image.set(new TextEncoder().encode(TEXT), TEXT_OFFSET);
  await Deno.writeFile(path, elf(image));
}

/** https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html */
function elf(image: Uint8Array): Uint8Array {
  const file = new Uint8Array(FILE_OFFSET + image.length);
  const view = new DataView(file.buffer);
  const [headers, note] = [64, 64 + 2 * 56];
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(LOAD_ADDRESS), true);
  view.setBigUint64(32, BigInt(headers), true);
  for (const [at, value] of [[52, 64], [54, 56], [56, 2]] as const) view.setUint16(at, value, true);
  // What is loaded, and the note with the entry.
  segment(view, headers, { type: 1, flags: 7, offset: FILE_OFFSET, size: image.length });
  segment(view, headers + 56, { type: 4, flags: 4, offset: note, size: 20 });
  for (const [index, value] of [4, 4, 18, 0x006e_6558, LOAD_ADDRESS].entries()) {
    view.setUint32(note + 4 * index, value, true);
  }
  file.set(image, FILE_OFFSET);
  return file;
}

function segment(
  view: DataView,
  at: number,
  { type, flags, offset, size }: { type: number; flags: number; offset: number; size: number },
): void {
  view.setUint32(at, type, true);
  view.setUint32(at + 4, flags, true);
  const isLoaded = type === 1;
  const address = isLoaded ? LOAD_ADDRESS : 0;
  for (const [index, value] of [offset, address, address, size, size, 4].entries()) {
    view.setBigUint64(at + 8 + 8 * index, BigInt(value), true);
  }
}

/** Four bytes, the lowest first, in hexadecimal. */
function word(value: number): string {
  const bytes = [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

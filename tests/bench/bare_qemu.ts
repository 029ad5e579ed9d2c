/** The yardstick: kernel, root image and Chrome under a QEMU that nobody manages. */
import { IMAGE_FILES } from "../../protocol/images.ts";
import type { Accel } from "../../protocol/vms.ts";

/** The line that init prints once Chrome's DevTools answer; see `init/init`. */
const READY_LINE = "bare browser ready";
const READY_TIMEOUT_MS = 240_000;

/** Boots once and ends. @returns milliseconds from QEMU's start to DevTools' answer */
export async function bareBootMs(
  imageDir: string,
  accel: Accel,
  memoryMb: number,
): Promise<number> {
  const file = (name: string) => `${imageDir}/current/${name}`;
  const acceleration = accel === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max"];
  const started = performance.now();
  const qemu = new Deno.Command("qemu-system-x86_64", {
    args: [
      ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"],
      ...["-machine", "q35,smm=off,vmport=off,sata=off,usb=off,hpet=off", ...acceleration],
      ...["-smp", "2", "-m", `${memoryMb}M`, "-serial", "stdio"],
      ...["-kernel", file(IMAGE_FILES.kernel), "-initrd", file(IMAGE_FILES.initramfs)],
      ...["-append", "console=ttyS0 panic=1 quiet viper.bare=1"],
      ...["-drive", `if=none,id=root,format=raw,readonly=on,file=${file(IMAGE_FILES.root)}`],
      ...["-device", "virtio-blk-pci,drive=root"],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const timer = setTimeout(() => qemu.kill("SIGKILL"), READY_TIMEOUT_MS);
  try {
    let text = "";
    for await (const part of qemu.stdout.pipeThrough(new TextDecoderStream() as TextDecoding)) {
      text += part;
      if (text.includes(READY_LINE)) return performance.now() - started;
    }
    throw new Error(`The bare browser was not ready: ${text.slice(-1_000)}`);
  } finally {
    clearTimeout(timer);
    try {
      qemu.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await qemu.status;
  }
}

type TextDecoding = ReadableWritablePair<string, Uint8Array>;

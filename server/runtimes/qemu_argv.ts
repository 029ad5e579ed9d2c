/**
 * QEMU's command line for one machine. Nothing secret stands on it: every process of the host may
 * read it. Files are named by descriptor and the socket relative to the machine's folder, since an
 * unprivileged QEMU cannot walk to them.
 *
 * @module
 */
import type { Accel } from "../../protocol/vms.ts";
import { fileNames, type LaunchFile } from "./launch.ts";
import type { MachineSpec } from "./runtime.ts";

/** Megabytes of translated code that an emulating QEMU keeps; it may use no more than that. */
export const TRANSLATION_CACHE_MB = 256;

/**
 * For an emulated processor: no self-tests of ciphers, no doubt about timers, and no mitigations
 * for faults that it does not have. The guest's init runs half a second sooner.
 */
const EMULATED_KERNEL_WORDS = "cryptomgr.notests no_timer_check tsc=reliable mitigations=off";

const SOCKET = "qmp.sock";

/** The files that QEMU makes or needs in the machine's own folder. */
export function qemuFiles(runDir: string): { readonly socket: string; readonly log: string } {
  return { socket: `${runDir}/${SOCKET}`, log: `${runDir}/qemu.log` };
}

/** What the launcher opens for QEMU, in the order in which {@linkcode qemuArgv} names it. */
export function qemuOpenFiles(spec: MachineSpec): LaunchFile[] {
  return [
    { path: spec.kernel, access: "read" },
    { path: spec.initramfs, access: "read" },
    { path: spec.consoleLog, access: "append" },
    ...(spec.rootfs === null ? [] : [{ path: spec.rootfs, access: "read" } as const]),
  ];
}

/** The whole command line; the guest's processors stay stopped (`-S`) until told to run. */
export function qemuArgv(binary: string, spec: MachineSpec, accel: Accel): string[] {
  const [kernel = "", initramfs = "", console = "", root] = fileNames(qemuOpenFiles(spec));
  return [
    binary,
    ...["-name", `viper-${spec.id}`],
    ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-S"],
    ...["-machine", "q35,smm=off,vmport=off,sata=off,usb=off,hpet=off"],
    ...processor(spec, accel),
    ...["-m", `${spec.memoryMb}M`],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-kernel", kernel, "-initrd", initramfs, "-append", commandLine(spec, accel)],
    ...["-chardev", `file,id=console,append=on,path=${console}`],
    ...["-serial", "chardev:console"],
    ...["-qmp", `unix:${SOCKET},server=on,wait=off`],
    ...network(spec),
    ...disk(root),
    ...["-object", "rng-random,id=rng,filename=/dev/urandom"],
    ...["-device", "virtio-rng-pci,rng=rng"],
    ...["-device", "virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on"],
    ...["-device", "pvpanic-pci"],
  ];
}

function commandLine({ cmdline }: MachineSpec, accel: Accel): string {
  return accel === "tcg" ? `${EMULATED_KERNEL_WORDS} ${cmdline}` : cmdline;
}

function processor({ cpuCores }: MachineSpec, accel: Accel): string[] {
  const cores = ["-smp", `${cpuCores}`];
  if (accel === "kvm") return ["-accel", "kvm", "-cpu", "host", ...cores];
  return ["-accel", `tcg,thread=multi,tb-size=${TRANSLATION_CACHE_MB}`, "-cpu", "max", ...cores];
}

/** The tap exists already and is the user's, so QEMU runs no scripts and needs no privilege. */
function network({ tap, mac }: MachineSpec): string[] {
  return [
    ...["-netdev", `tap,id=net,ifname=${tap},script=no,downscript=no,vhost=off`],
    // Without a boot ROM there is nothing that would try to boot from the network.
    ...["-device", `virtio-net-pci,netdev=net,mac=${mac},romfile=`],
  ];
}

/** The root is shared by all machines and read-only, so QEMU's file locks would be in the way. */
function disk(root: string | undefined): string[] {
  if (root === undefined) return [];
  const options = "if=none,id=root,format=raw,readonly=on,file.locking=off";
  return ["-drive", `${options},file=${root}`, "-device", "virtio-blk-pci,drive=root"];
}

/**
 * What Cloud Hypervisor is started with and what it is asked to create. The command line names
 * nothing but where it listens and reports: every process of the host may read it.
 *
 * @module
 */
import { fileNames, type LaunchFile } from "./launch.ts";
import type { MachineSpec } from "./runtime.ts";

const BYTES_PER_MB = 1024 * 1024;

/** Standard output is the file at descriptor 3, standard error stays the log. */
const CONSOLE_ON_STDOUT = 'exec "$@" >&3 3>&-';

/** The body of `vm.create`, as far as Viper uses it; a key that is misspelt would be ignored. */
export interface VmConfig {
  readonly cpus: {
    readonly boot_vcpus: number;
    readonly max_vcpus: number;
    readonly nested: boolean;
  };
  /** `size` in bytes. */
  readonly memory: { readonly size: number; readonly shared: boolean; readonly thp: boolean };
  readonly payload: {
    readonly kernel: string;
    readonly initramfs: string;
    readonly cmdline: string;
  };
  readonly disks: readonly {
    readonly id: string;
    readonly path: string;
    readonly readonly: boolean;
    readonly image_type: "Raw";
  }[];
  readonly net: readonly { readonly id: string; readonly tap: string; readonly mac: string }[];
  readonly rng: { readonly src: string };
  readonly balloon: {
    readonly size: number;
    readonly deflate_on_oom: boolean;
    readonly free_page_reporting: boolean;
  };
  readonly serial: { readonly mode: "Tty" };
  readonly console: { readonly mode: "Off" };
  readonly pvpanic: boolean;
  readonly landlock_enable: boolean;
  readonly landlock_rules: readonly { readonly path: string; readonly access: string }[];
}

/** The files that Cloud Hypervisor makes or needs in the machine's own folder. */
export interface CloudHypervisorFiles {
  readonly socket: string;
  readonly events: string;
  readonly log: string;
}

/** Made by Viper or by Cloud Hypervisor, which leaves its socket's lock behind. */
const OWN_FILE =
  /^(api-[0-9a-f]{8}\.sock(\.lock)?|events-[0-9a-f]{8}\.json|cloud-hypervisor\.log)$/;
const SOCKET_FILE = /^api-([0-9a-f]{8})\.sock$/;

/**
 * Each process has a socket and a file of events of its own, so that one that lingers can neither
 * block the next one's socket nor remove it.
 *
 * @param mark eight hexadecimal digits
 */
export function cloudHypervisorFiles(runDir: string, mark: string): CloudHypervisorFiles {
  return {
    socket: `${runDir}/${socketName(mark)}`,
    events: `${runDir}/events-${mark}.json`,
    log: `${runDir}/cloud-hypervisor.log`,
  };
}

/** The mark of the process whose socket is among the names; `null` where there is none. */
export function markAmong(names: readonly string[]): string | null {
  for (const name of names) {
    const mark = SOCKET_FILE.exec(name)?.[1];
    if (mark !== undefined) return mark;
  }
  return null;
}

/** Whether the name in a machine's folder is that of a file as above. */
export function isOwnFile(name: string): boolean {
  return OWN_FILE.test(name);
}

/**
 * What the launcher opens, in the order in which the functions below name it. Cloud Hypervisor
 * would truncate a console that it is given by name, and write it without O_APPEND; so it gets both
 * files that are emptied while it writes them as open descriptors.
 */
export function openFiles(spec: MachineSpec, files: CloudHypervisorFiles): LaunchFile[] {
  return [
    { path: spec.consoleLog, access: "append" },
    { path: files.events, access: "append" },
    { path: spec.kernel, access: "read" },
    { path: spec.initramfs, access: "read" },
    ...(spec.rootfs === null ? [] : [{ path: spec.rootfs, access: "read" } as const]),
  ];
}

/** The whole command line; Cloud Hypervisor's own seccomp filters are on by default. */
export function cloudHypervisorArgv(binary: string, mark: string): string[] {
  return [
    ...["/bin/sh", "-c", CONSOLE_ON_STDOUT, "console"],
    ...[binary, "--api-socket", `path=${socketName(mark)}`],
    ...["--event-monitor", "fd=4"],
    // So a guest that powers off is told apart from a virtual processor that fails.
    "--no-shutdown",
  ];
}

/** The machine as Cloud Hypervisor is asked for it. Pure. */
export function vmConfig(spec: MachineSpec, landlock: Landlock): VmConfig {
  const [kernel = "", initramfs = "", rootfs] = fileNames(openFiles(spec, NO_FILES)).slice(2);
  return {
    cpus: { boot_vcpus: spec.cpuCores, max_vcpus: spec.cpuCores, nested: false },
    memory: { size: spec.memoryMb * BYTES_PER_MB, shared: false, thp: true },
    payload: { kernel, initramfs, cmdline: spec.cmdline },
    // Its type is said, since a guest could write a header that would be taken for another type.
    disks: rootfs === undefined
      ? []
      : [{ id: "root", path: rootfs, readonly: true, image_type: "Raw" }],
    net: [{ id: "net", tap: spec.tap, mac: spec.mac }],
    rng: { src: "/dev/urandom" },
    // Nothing is taken from the guest; it gives back what it does not use.
    balloon: { size: 0, deflate_on_oom: true, free_page_reporting: true },
    // On standard output, see openFiles.
    serial: { mode: "Tty" },
    console: { mode: "Off" },
    pvpanic: true,
    landlock_enable: landlock.isOn,
    // Cloud Hypervisor adds what the rest of the body names.
    landlock_rules: landlock.readable.map((path) => ({ path, access: "r" })),
  };
}

/** Whether the hypervisor is kept from other files, and what it may read beside the machine's. */
export interface Landlock {
  readonly isOn: boolean;
  /** Absolute paths that exist; a missing one is refused. */
  readonly readable: readonly string[];
}

const NO_FILES: CloudHypervisorFiles = { socket: "", events: "", log: "" };

function socketName(mark: string): string {
  return `api-${mark}.sock`;
}

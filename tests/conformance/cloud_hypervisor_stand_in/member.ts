import { cloudHypervisorRuntime } from "../../../server/runtimes/cloud_hypervisor.ts";
import { guestCommandLine } from "../guest.ts";
import { ENDINGS } from "../image_guest.ts";
import type { SuiteMember } from "../rig.ts";
import { standIn, virtualisingHost } from "./program.ts";

/** Started with the flags; see `main.ts`. */
export function standInMember(flags: readonly string[] = []): SuiteMember {
  return {
    name: "cloud-hypervisor (stand-in)",
    skip: null,
    // It is a script of this checkout, which another user may not be able to read.
    uid: null,
    endings: ENDINGS,
    isAvailable: true,
    answers: true,
    runtime: (host) => cloudHypervisorRuntime(virtualisingHost(host), { binary: standIn(flags) }),
    complete: async (_host, draft, _undo, deed) => {
      const file = (name: string) => `${draft.consoleLog}.${name}`;
      for (const name of ["kernel", "initramfs", "root"]) await Deno.writeTextFile(file(name), "");
      return {
        ...draft,
        layout: "disk",
        kernel: file("kernel"),
        initramfs: file("initramfs"),
        rootfs: file("root"),
        cmdline: guestCommandLine(deed),
        // A path with that name is there on every machine.
        tap: "lo",
      };
    },
    broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
  };
}

/**
 * Cloud Hypervisor passes the suite that every runtime passes: against a stand-in that refuses what
 * the API does not describe, and against the real program where `VIPER_CLOUD_HYPERVISOR` names one.
 * Where the processor runs no kernel, the real program gets a guest that is none.
 */
import { cloudHypervisorRuntime } from "../../server/runtimes/cloud_hypervisor.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { writeBareGuest } from "./bare_guest.ts";
import { completeWithGuest, ENDINGS, IMAGE, UID } from "./image_guest.ts";
import { runtimeSuite } from "./runtime_suite.ts";
import { standInMember } from "./cloud_hypervisor_stand_in/member.ts";

const REAL = Deno.env.get("VIPER_CLOUD_HYPERVISOR");
/** Without them a kernel hangs, and a guest that is no kernel may still run. */
const HAS_FLAGS = /^flags\s*:.*\b(vmx|svm)\b/m.test(Deno.readTextFileSync("/proc/cpuinfo"));

function realMissing(): string | null {
  if (REAL === undefined) return "VIPER_CLOUD_HYPERVISOR names no program";
  const missing = privateNetworkMissing();
  if (missing !== null) return missing;
  try {
    Deno.openSync("/dev/kvm", { read: true, write: true }).close();
    Deno.statSync(`${IMAGE}/vmlinux`);
    return null;
  } catch {
    return `needs /dev/kvm and an image at ${IMAGE}`;
  }
}

runtimeSuite(standInMember());

runtimeSuite({
  name: "cloud-hypervisor",
  skip: realMissing(),
  uid: UID,
  endings: ENDINGS,
  isAvailable: HAS_FLAGS,
  answers: true,
  runtime: (host) => cloudHypervisorRuntime(host, { binary: REAL ?? "" }),
  complete: async (host, draft, undo, deed) => {
    const spec = await completeWithGuest(host, draft, undo, deed);
    if (HAS_FLAGS) return spec;
    const kernel = `${draft.runDir}.kernel`;
    await writeBareGuest(kernel, deed);
    return { ...spec, kernel };
  },
  broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
});

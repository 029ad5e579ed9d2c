/** What can run VMs here, and what `auto` takes. */
import { chooseAccel } from "../../server/runtimes/accel.ts";
import { explainRuntimes, type RuntimeVerdict } from "../../server/runtimes/registry.ts";
import type { Check, Finding } from "../finding.ts";

/** Processor, /dev/kvm, and a finding for each runtime. */
export const checkRuntimes: Check = async ({ host, config, runtimes }) => {
  const wanted = config.runtime;
  const accel = await chooseAccel(host);
  const hardware: Finding = accel.accel === "kvm"
    ? { check: "hardware virtualisation", status: "pass", seen: "/dev/kvm opens" }
    : {
      check: "hardware virtualisation",
      status: "warn",
      seen: `${accel.reason}; guests are emulated, and slow`,
      mend:
        "Switch virtualisation on in the firmware, or nested virtualisation for this machine; " +
        "then modprobe kvm_intel || modprobe kvm_amd",
    };
  const verdicts = await explainRuntimes(runtimes, wanted);
  const chosen = verdicts.find(({ isChosen }) => isChosen);
  const choice: Finding = chosen === undefined
    ? {
      check: "runtime",
      status: "fail",
      seen: `"${wanted}" finds none that it may use`,
      mend: "apt-get install qemu-system-x86, or install Cloud Hypervisor",
    }
    : {
      check: "runtime",
      status: "pass",
      seen: `"${wanted}" takes ${chosen.runtime.name}`,
    };
  return [hardware, choice, ...verdicts.map(verdictFinding)];
};

function verdictFinding({ runtime, availability, verdict, isChosen }: RuntimeVerdict): Finding {
  const check = `runtime ${runtime.name}`;
  if (!availability.available) {
    return { check, status: "warn", seen: verdict, mend: availability.hint };
  }
  const { version, accel, warning } = availability;
  const seen = `${version}, accelerator ${accel}: ${verdict}`;
  if (warning === undefined || !isChosen) return { check, status: "pass", seen };
  return { check, status: "warn", seen: `${seen}. ${warning}` };
}

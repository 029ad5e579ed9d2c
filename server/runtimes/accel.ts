import { CommandError, type Host } from "../../host/host.ts";

/** How guests will run here; `reason` says why not in hardware. */
export type AccelChoice =
  | { readonly accel: "kvm" }
  | { readonly accel: "tcg"; readonly reason: string };

/**
 * KVM only where the processor says that it can and /dev/kvm opens. The device alone proves
 * nothing: where the processor's flags lack vmx and svm it may open and guests still hang.
 */
export async function chooseAccel(host: Host): Promise<AccelChoice> {
  const cpuinfo = await host.files.readText("runtime.accel:cpu_flags", "/proc/cpuinfo");
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(cpuinfo)) {
    return { accel: "tcg", reason: "the processor's flags show neither vmx nor svm" };
  }
  // The shell's <> would create a file where there is no device.
  if (await host.files.stat("runtime.accel:kvm_device", "/dev/kvm") === null) {
    return { accel: "tcg", reason: "there is no /dev/kvm" };
  }
  try {
    await host.run("runtime.accel:kvm_open", ["/bin/sh", "-c", "exec 3<>/dev/kvm"]);
    return { accel: "kvm" };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { accel: "tcg", reason: "/dev/kvm cannot be opened for reading and writing" };
  }
}

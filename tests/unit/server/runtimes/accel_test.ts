/** When KVM is chosen: the processor must say that it can, and the device must open. */
import assert from "node:assert/strict";
import { CommandError, type Host } from "../../../../host/host.ts";
import { chooseAccel } from "../../../../server/runtimes/accel.ts";

interface Case {
  readonly title: string;
  readonly flags: string;
  readonly device: "absent" | "opens" | "refuses";
  readonly accel: "kvm" | "tcg";
  readonly reason?: RegExp;
}

const CASES: readonly Case[] = [
  { title: "Intel", flags: "fpu vmx sse2", device: "opens", accel: "kvm" },
  { title: "AMD", flags: "fpu sse2 svm", device: "opens", accel: "kvm" },
  {
    title: "a device without the flag",
    flags: "fpu sse2",
    device: "opens",
    accel: "tcg",
    reason: /neither vmx nor svm/,
  },
  {
    title: "flags that only resemble the flag",
    flags: "fpu vmx_x svm_lock",
    device: "opens",
    accel: "tcg",
    reason: /neither vmx nor svm/,
  },
  { title: "no device", flags: "vmx", device: "absent", accel: "tcg", reason: /no \/dev\/kvm/ },
  {
    title: "a device that does not open",
    flags: "vmx",
    device: "refuses",
    accel: "tcg",
    reason: /cannot be opened/,
  },
];

for (const { title, flags, device, accel, reason } of CASES) {
  Deno.test(`chooseAccel() takes ${accel} for ${title}`, async () => {
    const choice = await chooseAccel(hostWith(flags, device));
    assert.equal(choice.accel, accel);
    if (choice.accel === "tcg") assert.match(choice.reason, reason ?? /^$/);
  });
}

function hostWith(flags: string, device: Case["device"]): Host {
  const cpuinfo = `processor : 0\nvmx flags : ept vpid\nflags\t\t: ${flags}\nbugs : none\n`;
  return {
    files: {
      readText: () => Promise.resolve(cpuinfo),
      stat: () => Promise.resolve(device === "absent" ? null : {}),
    },
    run: () =>
      device === "opens"
        ? Promise.resolve({})
        : Promise.reject(new CommandError("failed", "Permission denied")),
  } as unknown as Host;
}

/**
 * Every runtime passes the one suite: QEMU with the real kernel, in a network namespace of the
 * test's own, and local with a stand-in agent whose child has a session of its own, like Chrome.
 */
import { localRuntime } from "../../server/runtimes/local.ts";
import { qemuRuntime } from "../../server/runtimes/qemu.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { completeWithGuest, ENDINGS, IMAGE, UID } from "./image_guest.ts";
import { runtimeSuite } from "./runtime_suite.ts";

/** Leaves a child in another session, and says again and again that it runs. */
const STAND_IN = "setsid sleep 600 & while :; do echo tick; sleep 0.1; done";

function qemuMissing(): string | null {
  const missing = privateNetworkMissing();
  if (missing !== null) return missing;
  try {
    new Deno.Command("qemu-system-x86_64", { args: ["--version"], stdout: "null" }).outputSync();
    Deno.statSync(`${IMAGE}/vmlinux`);
    return null;
  } catch {
    return `needs qemu-system-x86_64 and an image at ${IMAGE}`;
  }
}

runtimeSuite({
  name: "qemu",
  skip: qemuMissing(),
  uid: UID,
  endings: ENDINGS,
  isAvailable: true,
  answers: true,
  runtime: (host) => qemuRuntime(host),
  complete: completeWithGuest,
  broken: (spec) => ({ ...spec, kernel: "/missing/vmlinux" }),
});

runtimeSuite({
  name: "local",
  skip: null,
  uid: null,
  endings: [],
  isAvailable: true,
  answers: false,
  runtime: (host) =>
    localRuntime(host, { agentCommand: ["/bin/sh", "-c", STAND_IN, "stand-in-agent"] }),
  complete: (_host, draft) => Promise.resolve(draft),
  broken: (spec) => ({ ...spec, instanceFile: "/missing/instance.json" }),
});

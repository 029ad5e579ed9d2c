/**
 * Create and delete of a VM with every host call failing in turn, once and from then on, over the
 * real QEMU, taps and store. Whatever fails, nothing is left: no tap, process, lease, live row or
 * staged file.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../host/deno_host.ts";
import type { Host } from "../../host/host.ts";
import { viperClient } from "../../cli/client.ts";
import { readConfig } from "../../server/config.ts";
import { openDaemon } from "../../server/main.ts";
import { IMAGE_DIR } from "../daemon_process.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { faultHost, InjectedFault } from "./fault_host.ts";
import { recordingHost } from "./recording_host.ts";
import { switchableHost } from "./switchable_host.ts";

/** More labelled calls than one create and delete make. */
const CALLS_MAX = 200;

const real = denoHost({ log: () => {} });
const skip = privateNetworkMissing();
if (skip !== null) console.log(`VM fault tests are skipped: ${skip}`);

/** What one VM can leave behind, from the outside. */
async function traces(state: string): Promise<unknown> {
  const links = await real.run("test", ["ip", "-o", "link", "show"]);
  return {
    taps: links.stdout.split("\n").filter((line) => line.includes("vpt-")),
    processes: processesBelow(state),
    folders: await real.files.list("test", `${state}/run`),
    logs: await real.files.list("test", `${state}/logs`),
  };
}

/** Numbers of the processes that work in a folder below this one, as hypervisors do. */
function processesBelow(folder: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    try {
      return pid > 0 && Deno.readLinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  });
}

const NOTHING = { taps: [], processes: [], folders: [], logs: [] };

async function withDaemon(
  body: (parts: {
    state: string;
    use: (host: Host) => void;
    client: ReturnType<typeof viperClient>;
  }) => Promise<void>,
): Promise<void> {
  const state = await Deno.makeTempDir({ prefix: "viper-fault-" });
  const { host, use } = switchableHost(real);
  try {
    const config = readConfig({
      listen: "127.0.0.1:0",
      db: `${state}/state.db`,
      runtimeDir: `${state}/run`,
      logDir: `${state}/logs`,
      imageDir: IMAGE_DIR,
      runtime: "qemu",
      onShutdown: "stop",
    }, {});
    await using daemon = await openDaemon(config, host, { agentCommand: [] });
    const apiKey = Deno.readTextFileSync(`${state}/admin.key`).trim();
    await body({ state, use, client: viperClient(real, daemon.url, { apiKey }) });
    use(real);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

for (const persistent of [false, true]) {
  Deno.test({
    name: `create and delete leave nothing when a host call fails ${
      persistent ? "for good" : "once"
    }`,
    ignore: skip !== null,
    fn: () =>
      withDaemon(async ({ state, use, client }) => {
        const labels: string[] = [];
        for (let failAt = 1;; failAt++) {
          assert.ok(failAt < CALLS_MAX, `still failing at call ${failAt}`);
          const faulty = faultHost(real, { failAt, persistent });
          use(faulty);
          const created = await client.vms.create({ name: "a" }).then(() => true, () => false);
          if (created) await client.vms.delete({ name: "a" }).catch(() => {});
          use(real);
          const { label } = faulty.fault;
          const context = `after call ${failAt} failed: ${label}`;
          // A delete that was refused for good is a delete that can be asked for again.
          for (const { name } of await client.vms.list({})) {
            assert.ok(created, `a failed create left a row ${context}`);
            await client.vms.delete({ name });
          }
          assert.deepEqual(await traces(state), NOTHING, context);
          if (label === null) break;
          labels.push(label);
        }
        console.log(`${labels.length} calls failed in turn: ${[...new Set(labels)].join(" ")}`);
        assert.ok(labels.length > 10);
        const { ip_address } = await client.vms.create({ name: "a" });
        assert.equal(ip_address, "192.168.127.2", "no address is still leased");
      }),
  });
}

Deno.test({
  name: "create makes its host calls in the order that is agreed",
  ignore: skip !== null,
  fn: () =>
    withDaemon(async ({ state, use, client }) => {
      const recorder = recordingHost(real);
      use(recorder);
      await client.vms.create({ name: "a" });
      assert.notDeepEqual(await traces(state), NOTHING, "a live VM leaves traces");
      const created = recorder.calls.map(({ label }) => label);
      const step = (label: string) => {
        const at = created.findIndex((made) => made.startsWith(label));
        assert.notEqual(at, -1, `no call ${label} in ${created.join(" ")}`);
        return at;
      };
      const order = ["vm.create:folder", "vm.create:initramfs_copy", "network.tap:add", "runtime."];
      assert.deepEqual(order.map(step).toSorted((a, b) => a - b), order.map(step));
      await client.vms.delete({ name: "a" });
      use(real);
    }),
});

Deno.test({
  name: "a second daemon on the same bridge is refused and the first one's VMs live on",
  ignore: skip !== null,
  fn: () =>
    withDaemon(async ({ client }) => {
      const { pid } = await client.vms.create({ name: "a" });
      await assert.rejects(withDaemon(() => Promise.resolve()), /another daemon serves guests/);
      const vm = await client.vms.get({ name: "a" });
      assert.deepEqual([vm.status, vm.pid], ["starting", pid]);
      assert.equal(real.signal("test", pid ?? 0, "SIGCONT"), true, "QEMU still runs");
      await client.vms.delete({ name: "a" });
    }),
});

Deno.test({
  name: "faultHost() fails the call that was asked for",
  fn: async () => {
    const host = faultHost(real, { failAt: 2, persistent: false });
    await host.files.stat("first", "/");
    await assert.rejects(host.files.stat("second", "/"), InjectedFault);
    await host.files.stat("third", "/");
    assert.equal(host.fault.label, "second");
  },
});

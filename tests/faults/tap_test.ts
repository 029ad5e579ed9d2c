/**
 * Others meddle with the network under the daemon: the name of a tap is taken, the bridge is deleted
 * while a VM runs on it.
 */
import assert from "node:assert/strict";
import type { ViperError } from "../../protocol/problems.ts";
import { tapName } from "../../server/network/tap.ts";
import { assertUnchanged, leavingNothing } from "../leaks.ts";
import { output } from "../namespaces.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { until } from "../until.ts";
import { openTestDaemon, quietHost } from "./open_daemon.ts";

const READY_MS = 240_000;
const ACTION_MS = 120_000;
/** The daemon looks at the network once in so long, a tenth of what it is outside of this test. */
const REPAIR_MS = 3_000;
/** What a repair itself may take, on a busy machine. */
const REPAIRED_MS = 15_000;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of a disturbed network are skipped: ${skip}`);

Deno.test({
  name: "a create whose tap's name is taken is refused and leaves the other's link alone",
  ignore: skip !== null,
  fn: () =>
    leavingNothing(async (ground) => {
      const id = "0f0f0f0f-0000-4000-8000-00000000abcd";
      const host = quietHost();
      let uuid = () => id;
      const random = { ...host.random, uuid: () => uuid() };
      await using daemon = await openTestDaemon(ground.newFolder(), {
        host: { ...host, random },
      });
      const link = tapName(id);
      await output("ip", "link", "add", "dev", link, "type", "bridge");
      const before = await ground.traces();
      const create = () => daemon.client.vms.create({ name: "a", memory_mb: 256 });
      await assert.rejects(create(), (error: ViperError) => {
        assert.equal(error.code, "vm_start_failed");
        assert.match(error.message, new RegExp(link));
        return true;
      });
      await assertUnchanged(before, () => ground.traces());
      uuid = host.random.uuid;
      assert.equal((await create()).ip_address, "192.168.127.2");
      await daemon.client.vms.delete({ name: "a" });
      await output("ip", "link", "delete", "dev", link);
    }),
});

Deno.test({
  name: "a bridge that is deleted under a running VM is back, with the VM, within one period",
  ignore: skip !== null,
  fn: () =>
    leavingNothing(async (ground) => {
      const { clock, ...host } = quietHost();
      const told: string[] = [];
      const daemonHost = {
        ...host,
        // What happens again and again does so ten times as often.
        clock: { ...clock, every: (ms: number, job: () => void) => clock.every(ms / 10, job) },
        log: (_level: string, message: string) => void told.push(message),
      };
      await using daemon = await openTestDaemon(ground.newFolder(), { host: daemonHost });
      const idle = await ground.traces();
      await daemon.client.vms.create({ name: "a", memory_mb: 1_024 });
      const vm = await daemon.client.vms.wait({ name: "a", timeout_ms: READY_MS });
      assert.equal(vm.status, "running", vm.reason);
      const answers = async () => {
        const question = { expression: "6 * 7", timeout_ms: ACTION_MS };
        assert.deepEqual(await daemon.client.browser("a").evaluate(question), { result: 42 });
      };
      await answers();
      const running = await ground.traces();

      await output("ip", "link", "delete", "dev", "viperbr0");
      const startedMs = performance.now();
      const isRepaired = () => told.includes("network repaired");
      await until("the network is repaired", isRepaired, REPAIR_MS + REPAIRED_MS);
      console.log(`repaired after ${Math.round(performance.now() - startedMs)} ms`);
      await assertUnchanged(running, () => ground.traces());
      await answers();
      const after = await daemon.client.vms.get({ name: "a" });
      assert.deepEqual([after.status, after.pid], ["running", vm.pid]);
      await daemon.client.vms.delete({ name: "a" });
      await assertUnchanged(idle, () => ground.traces());
    }),
});

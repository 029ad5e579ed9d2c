/**
 * The host's clock is set back by a day under a daemon with real agents and browsers: signatures,
 * announces, events and the VMs' own times go on as if nothing had happened.
 */
import assert from "node:assert/strict";
import type { VmEvent } from "../../protocol/events.ts";
import { eventsUntil } from "../daemon_process.ts";
import { leavingNothing } from "../leaks.ts";
import { until } from "../until.ts";
import { type OpenedDaemon, openTestDaemon, quietHost } from "./open_daemon.ts";

const DAY_MS = 24 * 3_600_000;
const WAIT_MS = 30_000;
/** So long that its VM is there when the clock is set back, and gone soon after. */
const TTL_MS = 8_000;
const IDLE_TIMEOUT_MS = 2_000;
const AGENT = new URL("../../agent/main.ts", import.meta.url).pathname;

Deno.test("a clock that is set back by a day changes nothing for VMs", () =>
  leavingNothing(async (ground) => {
    let offsetMs = 0;
    const host = quietHost();
    const clock = { ...host.clock, now: () => new Date(Date.now() + offsetMs) };
    await using daemon = await openTestDaemon(ground.newFolder(), {
      host: { ...host, clock },
      flags: { runtime: "local", guestPort: "0" },
      agentCommand: [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", AGENT],
    });
    const { client } = daemon;
    await ready(daemon, "a", {});
    assert.deepEqual(await client.browser("a").evaluate({ expression: "6 * 7" }), { result: 42 });
    await client.vms.create({ name: "short", ttl_ms: TTL_MS });

    offsetMs = -DAY_MS;

    const { result } = await client.browser("a").evaluate({ expression: "6 * 7" });
    assert.equal(result, 42, "the agent takes what the daemon signs");
    Deno.kill(await browserOf(daemon, "a"), "SIGKILL");
    await told(daemon, "VM_BROWSER_RESTARTED", "a");
    await ready(daemon, "idle", { idle_timeout_ms: IDLE_TIMEOUT_MS });
    await told(daemon, "VM_DELETED", "idle");
    await told(daemon, "VM_DELETED", "short");
    assert.deepEqual((await client.vms.list({})).map(({ name }) => name), ["a"]);

    const all = await told(daemon, "VM_DELETED", "short");
    const numbers = all.map(({ seq }) => seq);
    assert.deepEqual(numbers, numbers.toSorted((one, other) => one - other));
    const times = all.map(({ timestamp }) => Date.parse(timestamp));
    assert.ok(times.at(-1)! < times[0]!, "the clock was set back indeed");
    await client.vms.delete({ name: "a" });
  }));

async function ready({ client }: OpenedDaemon, name: string, more: object): Promise<void> {
  await client.vms.create({ name, ...more });
  const vm = await client.vms.wait({ name, timeout_ms: WAIT_MS });
  assert.equal(vm.status, "running", vm.reason);
}

/** All events of VMs' lives up to that one. */
async function told(
  { url, apiKey }: OpenedDaemon,
  type: VmEvent["type"],
  name: string,
): Promise<VmEvent[]> {
  const headers = { authorization: `Bearer ${apiKey}` };
  const asked = {
    fetch: (path: string, init: RequestInit = {}) =>
      fetch(`${url}${path}?logs=false`, {
        ...init,
        headers: { ...headers, ...init.headers as Record<string, string> },
      }),
  };
  const isIt = (event: { type: string; name?: string }) =>
    event.type === type && event.name === name;
  const events = await eventsUntil(asked, 0, (all) => all.some(isIt), WAIT_MS);
  return events.filter((event): event is VmEvent => event.type !== "gap");
}

/** The number of the browser's first process. */
async function browserOf({ client }: OpenedDaemon, name: string): Promise<number> {
  const { id } = await client.vms.get({ name });
  let found = 0;
  await until("a browser", () => {
    found = [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name))
      .find((pid) => pid > 0 && isBrowser(pid, id)) ?? 0;
    return found > 0;
  });
  return found;
}

function isBrowser(pid: number, vmId: string): boolean {
  try {
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    return command.includes("--remote-debugging-port") && !command.includes("--type=") &&
      Deno.readTextFileSync(`/proc/${pid}/environ`).includes(vmId);
  } catch {
    return false; // It has ended, or is not to be read.
  }
}

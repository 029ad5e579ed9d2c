/** Processes that are found again, and those that must not be mistaken for them. */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import type { Process } from "../../../../host/host.ts";
import {
  continueProcesses,
  findProcess,
  isAlive,
  isMachineOf,
  killLeftover,
  processStat,
  stopProcesses,
  VM_ID_VARIABLE,
} from "../../../../server/runtimes/process_ref.ts";
import { until } from "../../../until.ts";

const host = denoHost({ log: () => {} });

Deno.test("findProcess() names this process, and none for a number that is not in use", async () => {
  const ref = await findProcess(host, Deno.pid);
  assert.equal(ref?.pid, Deno.pid);
  assert.ok(ref.startTicks > 0);
  assert.equal(await findProcess(host, 2 ** 22 + 1), null);
});

Deno.test("processStat() reads past a name with spaces and parentheses", async () => {
  const files = {
    ...host.files,
    readText: () =>
      Promise.resolve(`7 (a) R (b) S 3 5 6 0 -1 4 0 0 0 0 1 2 3 4 20 0 1 0 4711 9 9 9\n`),
  };
  assert.deepEqual(await processStat({ ...host, files }, "test", 7), {
    pid: 7,
    state: "S",
    parent: 3,
    session: 6,
    startTicks: 4711,
  });
});

Deno.test("killLeftover() ends the named process, all below it, and all that carry the id", async () => {
  await using named = await start("sleep 600 & wait", {});
  await using orphan = await start("exec sleep 600", { [VM_ID_VARIABLE]: "ref-1" });
  await using neighbour = await start("exec sleep 600", { [VM_ID_VARIABLE]: "ref-11" });
  const ref = await findProcess(host, named.pid);
  assert.ok(ref !== null);
  await killLeftover(host, { ref, vmId: "ref-1" });
  assert.equal((await named.exited).signal, "SIGKILL");
  assert.equal((await orphan.exited).signal, "SIGKILL");
  assert.notEqual(await findProcess(host, neighbour.pid), null);
  neighbour.kill("SIGKILL");
  await neighbour.exited;
});

Deno.test("killLeftover() spares a process that took the number over", async () => {
  await using other = await start("exec sleep 600", {});
  const ref = await findProcess(host, other.pid);
  assert.ok(ref !== null);
  const earlier = { ...ref, startTicks: ref.startTicks - 1 };
  await killLeftover(host, { ref: earlier, vmId: "no-such-vm" });
  assert.equal(await isAlive(host, ref), true);
  other.kill("SIGKILL");
  await other.exited;
  assert.equal(await isAlive(host, ref), false);
});

Deno.test("stopProcesses() and continueProcesses() reach every session of a machine", async () => {
  await using agent = await start("setsid sleep 600 & echo $!; wait", {
    [VM_ID_VARIABLE]: "ref-2",
  });
  await using neighbour = await start("exec sleep 600", { [VM_ID_VARIABLE]: "ref-22" });
  const ref = await findProcess(host, agent.pid);
  assert.ok(ref !== null);
  const machine = { ref, vmId: "ref-2" };
  const states = async () => {
    const found: string[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      const stat = await processStat(host, "test", Number(name));
      if (stat !== null && await isMachineOf(host, stat, "ref-2")) found.push(stat.state);
    }
    return found;
  };
  await until("agent and child run", () => childrenOf(agent.pid).length === 1);
  await stopProcesses(host, machine);
  assert.deepEqual(await states(), ["T", "T"]);
  assert.notEqual((await processStat(host, "test", neighbour.pid))?.state, "T");
  await continueProcesses(host, machine);
  assert.ok((await states()).every((state) => state !== "T"));
  await killLeftover(host, machine);
  neighbour.kill("SIGKILL");
  await Promise.all([agent.exited, neighbour.exited]);
});

Deno.test("isMachineOf() wants the number, the start and the id", async () => {
  await using process = await start("exec sleep 600", { [VM_ID_VARIABLE]: "ref-3" });
  // The shell becomes sleep, and in between it has no environment.
  await until(
    "it is itself and carries its id",
    () =>
      Deno.readTextFileSync(`/proc/${process.pid}/comm`) === "sleep\n" &&
      Deno.readTextFileSync(`/proc/${process.pid}/environ`).includes("ref-3"),
  );
  const ref = await findProcess(host, process.pid);
  assert.ok(ref !== null);
  assert.equal(await isMachineOf(host, ref, "ref-3"), true);
  assert.equal(await isMachineOf(host, ref, "ref-33"), false);
  assert.equal(await isMachineOf(host, { ...ref, startTicks: ref.startTicks + 1 }, "ref-3"), false);
  process.kill("SIGKILL");
  await process.exited;
  assert.equal(await isMachineOf(host, ref, "ref-3"), false);
});

/** Direct children; of proc(5). */
function childrenOf(pid: number): string[] {
  return Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean);
}

/** A process that ends with the test, and that runs what it was started for. */
async function start(
  script: string,
  env: Record<string, string>,
): Promise<Process & AsyncDisposable> {
  const process = await host.spawn("test:spawn", ["/bin/sh", "-c", script], {
    detached: true,
    env: { ...env, STARTED_BY: "a test" },
  });
  const program = /^exec (\w+)/.exec(script)?.[1] ?? "/bin/sh";
  // While a program replaces another, the kernel shows neither words nor variables.
  const words = (file: string) => Deno.readTextFileSync(`/proc/${process.pid}/${file}`).split("\0");
  await until(
    "it runs",
    () => words("cmdline")[0] === program && words("environ").includes("STARTED_BY=a test"),
  );
  return {
    ...process,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await process.exited;
    },
  };
}

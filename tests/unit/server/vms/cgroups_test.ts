/**
 * The VMs' cgroups. Limits are tried on a folder that stands in for the kernel's tree, since few
 * test hosts have their controllers in version 2; processes on the real tree, where there is one.
 */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import type { Host } from "../../../../host/host.ts";
import { launch } from "../../../../server/runtimes/launch.ts";
import { type Cgroups, openCgroups } from "../../../../server/vms/cgroups.ts";
import { until } from "../../../until.ts";
import { faultHost, InjectedFault } from "../../../faults/fault_host.ts";

const ALL = ["memory", "cpu", "pids"];
const WANTED = { cpuCores: 2, memoryMb: 1024, accel: "kvm" } as const;
const ID = "0192f0c4-0000-4000-8000-000000000001";
/** More labelled calls than any of the functions makes. */
const CALLS_MAX = 60;

const real = denoHost({ log: () => {} });

/** Files that the kernel puts into a cgroup when the one above hands a controller on. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  memory: ["memory.max", "memory.swap.max", "memory.oom.group", "memory.events"],
  cpu: ["cpu.max"],
  pids: ["pids.max"],
};

interface Stand extends AsyncDisposable {
  readonly host: Host;
  readonly tree: string;
  readonly warnings: string[];
  cgroups(): Promise<Cgroups>;
}

/** A host whose cgroup tree is a folder that behaves as the kernel's does. */
async function standIn({ controllers = ALL, own = "/", swap = true } = {}): Promise<Stand> {
  const tree = await Deno.makeTempDir({ prefix: "viper-cgroup-" });
  const warnings: string[] = [];
  await Deno.writeTextFile(`${tree}/cgroup.subtree_control`, "");
  const unit = own.replace(/\/daemon$/, "");
  await Deno.mkdir(`${tree}${unit}`, { recursive: true });
  await Deno.writeTextFile(`${tree}${unit}/cgroup.subtree_control`, "");
  const fail = (code: string) => Object.assign(new Error(code), { code });
  const handedOn = (folder: string) =>
    Deno.readTextFileSync(`${folder}/cgroup.subtree_control`).split(" ").filter(Boolean);
  const host: Host = {
    ...real,
    log: (level, message) => void (level === "warn" && warnings.push(message)),
    files: {
      ...real.files,
      readText: async (label, path) => {
        if (path === "/proc/mounts") {
          return `tmpfs / tmpfs rw 0 0\ncgroup2 ${tree} cgroup2 rw 0 0\n`;
        }
        if (path === "/proc/self/cgroup") return `4:memory:/x\n0::${own}\n`;
        return await real.files.readText(label, path);
      },
      makeDir: async (label, path) => {
        await real.files.makeDir(label, path);
        const above = path.slice(0, path.lastIndexOf("/"));
        const files = ["cgroup.subtree_control", "cgroup.procs", "cgroup.kill"];
        files.push(...handedOn(above).flatMap((controller) => FILES[controller] ?? []));
        for (const file of files.filter((file) => swap || file !== "memory.swap.max")) {
          await Deno.writeTextFile(`${path}/${file}`, "", { append: true });
        }
      },
      write: async (label, path, data) => {
        if (!path.endsWith("/cgroup.subtree_control")) {
          await Deno.stat(path);
          return await real.files.write(label, path, data);
        }
        const controller = `${data}`.slice(1);
        if (!controllers.includes(controller)) throw fail("ENOENT");
        const folder = path.slice(0, path.lastIndexOf("/"));
        await Deno.writeTextFile(path, [...new Set([...handedOn(folder), controller])].join(" "));
      },
      removeDir: async (_label, path) => {
        const info = await Deno.stat(path).catch(() => null);
        if (info === null) return;
        const hasFolders = [...Deno.readDirSync(path)].some((entry) => entry.isDirectory);
        if (hasFolders || Deno.readTextFileSync(`${path}/cgroup.procs`) !== "") throw fail("EBUSY");
        await Deno.remove(path, { recursive: true });
      },
    },
  };
  return {
    host,
    tree,
    warnings,
    cgroups: async () => {
      const opened = await openCgroups(host, "viper");
      assert.ok(opened !== null);
      return opened;
    },
    [Symbol.asyncDispose]: () => Deno.remove(tree, { recursive: true }),
  };
}

Deno.test("create() limits memory with what the hypervisor needs, swap, processors and threads", async () => {
  await using stand = await standIn();
  await using cgroups = await stand.cgroups();
  assert.deepEqual(cgroups.limits, ALL);
  const folder = await cgroups.create(ID, WANTED);
  assert.equal(folder, `${stand.tree}/viper/${ID}`);
  const read = (file: string) => Deno.readTextFileSync(`${folder}/${file}`);
  assert.equal(read("memory.max"), `${(1024 + 256) * 1024 * 1024}`);
  assert.equal(read("memory.swap.max"), "0");
  assert.equal(read("memory.oom.group"), "1");
  assert.equal(read("cpu.max"), "200000 100000");
  assert.equal(read("pids.max"), "130");
  await cgroups.create(ID, { ...WANTED, accel: "tcg" });
  assert.equal(read("memory.max"), `${(1024 + 256 + 256) * 1024 * 1024}`, "translated code");
  assert.deepEqual(await cgroups.owners(), [ID]);
  await cgroups.remove(ID);
  await cgroups.remove(ID);
  assert.deepEqual(await cgroups.owners(), []);
});

Deno.test("wasStarved() tells whether the kernel ended a process for want of memory", async () => {
  await using stand = await standIn();
  await using cgroups = await stand.cgroups();
  assert.equal(await cgroups.wasStarved(ID), false, "there is no cgroup");
  const folder = await cgroups.create(ID, WANTED);
  for (const [kills, expected] of [[0, false], [2, true]] as const) {
    const events = `low 0\nhigh 0\nmax 7\noom 1\noom_kill ${kills}\noom_group_kill 0\n`;
    Deno.writeTextFileSync(`${folder}/memory.events`, events);
    assert.equal(await cgroups.wasStarved(ID), expected);
  }
  await cgroups.remove(ID);
});

Deno.test("openCgroups() limits what it can and says what it cannot", async () => {
  await using stand = await standIn({ controllers: ["pids"], swap: false });
  await using cgroups = await stand.cgroups();
  assert.deepEqual(cgroups.limits, ["pids"]);
  assert.deepEqual(stand.warnings, ["VMs are not limited in memory, cpu"]);
  const folder = await cgroups.create(ID, WANTED);
  assert.equal(Deno.readTextFileSync(`${folder}/pids.max`), "130");
  await cgroups.remove(ID);
});

Deno.test("create() is content with a kernel without swap", async () => {
  await using stand = await standIn({ swap: false });
  await using cgroups = await stand.cgroups();
  await cgroups.create(ID, WANTED);
  await cgroups.remove(ID);
});

Deno.test("openCgroups() builds beside the leaf that systemd delegated, else at the top", async () => {
  const table: [string, string][] = [
    ["/system.slice/viper-server.service/daemon", "/system.slice/viper-server.service/viper"],
    // Without a leaf systemd could not start the daemon again while VMs run.
    ["/system.slice/viper-server.service", "/viper"],
    ["/user.slice/session-1.scope", "/viper"],
  ];
  for (const [own, expected] of table) {
    await using stand = await standIn({ own });
    await using cgroups = await stand.cgroups();
    assert.equal(await cgroups.create(ID, WANTED), `${stand.tree}${expected}/${ID}`);
    await cgroups.remove(ID);
  }
});

Deno.test("openCgroups() is null without version 2, and where the tree cannot be changed", async () => {
  const without = (text: string): Host => ({
    ...real,
    files: { ...real.files, readText: () => Promise.resolve(text) },
  });
  assert.equal(await openCgroups(without("tmpfs / tmpfs rw 0 0\n"), "viper"), null);
  assert.equal(
    await openCgroups(without("cgroup2 /proc/1/missing cgroup2 rw 0 0\n"), "viper"),
    null,
  );
});

Deno.test("what the next daemon opens is what the last one left", async () => {
  await using stand = await standIn();
  const first = await stand.cgroups();
  const folder = await first.create(ID, WANTED);
  await Deno.writeTextFile(`${folder}/cgroup.procs`, "4711\n");
  await first[Symbol.asyncDispose]();
  const second = await stand.cgroups();
  assert.deepEqual(await second.owners(), [ID]);
  await Deno.writeTextFile(`${folder}/cgroup.procs`, "");
  await second.remove(ID);
  await second[Symbol.asyncDispose]();
  assert.deepEqual([...Deno.readDirSync(stand.tree)].map(({ name }) => name), [
    "cgroup.subtree_control",
  ]);
});

Deno.test("remove() gives up after its bound when processes stay", async () => {
  await using stand = await standIn();
  await using cgroups = await stand.cgroups();
  const folder = await cgroups.create(ID, WANTED);
  await Deno.writeTextFile(`${folder}/cgroup.procs`, "4711\n");
  let ms = 0;
  const clock = {
    ...real.clock,
    monotonicMs: () => ms,
    sleep: (slept: number) => Promise.resolve(void (ms += slept)),
  };
  const slow = await openCgroups({ ...stand.host, clock }, "viper");
  await assert.rejects(async () => await slow?.remove(ID), { code: "EBUSY" });
  assert.ok(ms >= 5_000, `${ms} ms`);
  assert.equal(Deno.readTextFileSync(`${folder}/cgroup.kill`), "1");
  await Deno.writeTextFile(`${folder}/cgroup.procs`, "");
  await cgroups.remove(ID);
});

Deno.test("create() whose Nth host call fails leaves no cgroup, for every N", async () => {
  await using stand = await standIn();
  await using cgroups = await stand.cgroups();
  for (let failAt = 1;; failAt++) {
    assert.ok(failAt < CALLS_MAX, "create never got through");
    const faulty = faultHost(stand.host, { failAt, persistent: true });
    const created = await openCgroups(faulty, "viper").then((opened) => opened?.create(ID, WANTED))
      .catch((error) => assert.ok(error instanceof InjectedFault, `${error}`));
    if (created !== undefined) await cgroups.remove(ID);
    assert.deepEqual(await cgroups.owners(), [], `after a fault in ${faulty.fault.label}`);
    if (faulty.fault.label === null) return;
  }
});

Deno.test({
  name: "a process is in the VM's cgroup from its start and remove() ends it",
  ignore: Deno.uid() !== 0 || !/ cgroup2 rw/.test(await Deno.readTextFile("/proc/mounts")),
  fn: async () => {
    const name = `viper-test-${Deno.pid}`;
    const cgroups = await openCgroups(real, name);
    assert.ok(cgroups !== null);
    const folder = await Deno.makeTempDir({ prefix: "viper-cgroup-" });
    await Deno.writeTextFile(`${folder}/log`, "");
    try {
      const process = await launch(real, {
        label: "test:launch",
        vmId: "vm-1",
        argv: ["/bin/sh", "-c", "cat /proc/self/cgroup; sleep 600 & wait"],
        uid: null,
        cgroup: await cgroups.create("vm-1", WANTED),
        runDir: folder,
        files: [],
        log: `${folder}/log`,
      });
      const own = `/${name}/vm-1\n`;
      await until("it says its cgroup", () => Deno.readTextFileSync(`${folder}/log`).includes(own));
      await cgroups[Symbol.asyncDispose]();
      assert.deepEqual(await cgroups.owners(), ["vm-1"], "it outlives the daemon");
      await cgroups.remove("vm-1");
      assert.equal((await process.exited).signal, "SIGKILL");
    } finally {
      await cgroups.remove("vm-1");
      await cgroups[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

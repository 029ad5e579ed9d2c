/** What a launched process is, has and sees: real processes, confined by the real programs. */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import type { ExitStatus } from "../../../../host/host.ts";
import { fileNames, launch, type LaunchFile } from "../../../../server/runtimes/launch.ts";

/** No user of any host. */
const UID = 1_989_001;

const real = denoHost({ log: () => {} });
const host = { ...real, env: { ...real.env, VIPER_API_KEY: "sesame" } };
const ignore = Deno.uid() !== 0;

interface Launched {
  readonly status: ExitStatus;
  readonly log: string;
  readonly folder: string;
}

/** Launches a shell with the script in a folder that only root can look into. */
async function launched(script: string, options: {
  readonly uid?: number | null;
  readonly cgroup?: string;
  readonly files?: (folder: string) => LaunchFile[];
}): Promise<Launched> {
  const folder = await Deno.makeTempDir({ prefix: "viper-launch-" });
  try {
    const { uid = null, cgroup = null, files = () => [] } = options;
    const runDir = `${folder}/run`;
    await Deno.mkdir(runDir, { mode: 0o700 });
    await Deno.writeTextFile(`${folder}/image`, "kernel", { mode: 0o644 });
    await Deno.writeTextFile(`${folder}/secret`, "of the daemon", { mode: 0o600 });
    await Deno.writeTextFile(`${folder}/console`, "before\n", { mode: 0o600 });
    if (uid !== null) {
      for (const path of [runDir, `${folder}/console`]) await Deno.chown(path, uid, uid);
    }
    const { exited } = await launch(host, {
      label: "test:launch",
      vmId: "vm-1",
      argv: ["/bin/sh", "-c", script],
      uid,
      cgroup,
      runDir,
      files: files(folder),
      log: `${folder}/log`,
    });
    const status = await exited;
    return { status, log: await Deno.readTextFile(`${folder}/log`), folder };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A line of /proc/PID/status, as words. */
const field = (text: string, name: string) =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(text)?.[1]?.split(/\s+/).filter(Boolean) ?? [];

Deno.test({
  name: "launch() with a uid gives up every right, for good",
  ignore,
  fn: async () => {
    const { status, log } = await launched("cat /proc/$$/status", { uid: UID });
    assert.equal(status.code, 0, log);
    for (const name of ["Uid", "Gid"]) assert.deepEqual(field(log, name), Array(4).fill(`${UID}`));
    assert.deepEqual(field(log, "Groups"), []);
    for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      assert.match(field(log, name)[0] ?? "", /^0+$/, name);
    }
    assert.deepEqual(field(log, "NoNewPrivs"), ["1"]);
  },
});

Deno.test({
  name:
    "launch() with a uid shows a /dev with what a hypervisor needs, and leaves the host's alone",
  ignore,
  fn: async () => {
    const before = [...Deno.readDirSync("/dev")].map(({ name }) => name).sort();
    const script = "find /dev -type c -printf '%p %m %g\\n' | sort; : >/dev/null";
    const { log } = await launched(script, { uid: UID });
    assert.deepEqual(log.trim().split("\n"), [
      `/dev/kvm 660 ${UID}`,
      `/dev/net/tun 660 ${UID}`,
      "/dev/null 666 root",
      "/dev/urandom 666 root",
      "/dev/zero 666 root",
    ]);
    assert.deepEqual([...Deno.readDirSync("/dev")].map(({ name }) => name).sort(), before);
  },
});

const FILES = (folder: string): LaunchFile[] => [
  { path: `${folder}/image`, access: "read" },
  { path: `${folder}/console`, access: "append" },
];

for (const uid of [null, UID]) {
  Deno.test({
    name: `launch() opens files in order and they can be opened again, with uid ${uid}`,
    ignore: ignore && uid !== null,
    fn: async () => {
      const [image, console] = fileNames(FILES(""));
      const script = `cat ${image}; echo after >>${console}; cat ${console}; pwd; id -u; env`;
      const { status, log, folder } = await launched(script, { uid, files: FILES });
      assert.equal(status.code, 0, log);
      assert.ok(log.startsWith("kernelbefore\nafter\n"), log);
      assert.match(log, new RegExp(`^${folder}/run$`, "m"));
      assert.match(log, new RegExp(`^${uid ?? Deno.uid()}$`, "m"));
      assert.match(log, /^VIPER_VM_ID=vm-1$/m);
      assert.doesNotMatch(log, /sesame/);
    },
  });
}

Deno.test({
  name: "launch() with a uid reaches neither the daemon's files nor the folder above its own",
  ignore,
  fn: async () => {
    const { log } = await launched("cat ../secret; ls ..; cat /proc/self/fd/5", {
      uid: UID,
      files: (folder) => [...FILES(folder), { path: `${folder}/secret`, access: "read" }],
    });
    assert.doesNotMatch(log, /of the daemon/);
    for (const path of ["../secret", "..", "/proc/self/fd/5"]) {
      assert.match(log, new RegExp(`${path}\\S*:? Permission denied`), log);
    }
  },
});

Deno.test("launch() enters the cgroup before anything of the command runs", async () => {
  // A folder stands in for the cgroup: what is written to it is what the kernel would get.
  const cgroup = await Deno.makeTempDir({ prefix: "viper-cgroup-" });
  try {
    const { log } = await launched(`cat ${cgroup}/cgroup.procs`, { cgroup });
    assert.equal(log, "0\n");
  } finally {
    await Deno.remove(cgroup, { recursive: true });
  }
});

Deno.test("launch() runs nothing when a step fails, and says why", async () => {
  const table: [Parameters<typeof launched>[1], RegExp][] = [
    [{ cgroup: "/missing/cgroup" }, /missing\/cgroup.*(No such file|nonexistent)/],
    [{ files: () => [{ path: "/missing/image", access: "read" }] }, /missing\/image: No such file/],
  ];
  for (const [options, reason] of table) {
    const { status, log } = await launched("echo ran", options);
    assert.notEqual(status.code, 0);
    assert.match(log, reason);
    assert.doesNotMatch(log, /ran/);
  }
});

Deno.test("launch() keeps strange characters of paths out of the shell's hands", async () => {
  const path = "/missing/$(echo ran)`echo ran`;' \"x";
  const { log } = await launched("true", { files: () => [{ path, access: "read" }] });
  assert.ok(log.includes(path), log);
});

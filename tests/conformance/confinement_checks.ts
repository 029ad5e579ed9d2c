/** What the process of a machine may do, for members that give it a user of its own. */
import assert from "node:assert/strict";
import type { Checks } from "./rig.ts";

export const CONFINEMENT_CHECKS: Checks = {
  "the process has its user's rights and no way to more": async (rig, { uid }) => {
    if (uid === null) return;
    const spec = await rig.spec("confined");
    const machine = await rig.create(spec);
    await machine.boot();
    await rig.hear(spec);
    const status = await Deno.readTextFile(`/proc/${machine.ref.pid}/status`);
    const field = (name: string) =>
      new RegExp(`^${name}:[ \t]*(.*)$`, "m").exec(status)?.[1]?.trim();
    const four = Array(4).fill(uid).join("\t");
    assert.equal(field("Uid"), four);
    assert.equal(field("Gid"), four);
    assert.equal(field("Groups"), "");
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      assert.match(field(set) ?? "", /^0+$/, set);
    }
    assert.equal(field("NoNewPrivs"), "1");
    assert.deepEqual(unfiltered(machine.ref.pid), [], "it filters its own system calls");
  },
  "the process has open what its guest needs and nothing of the daemon's": async (rig, member) => {
    if (member.uid === null) return;
    const spec = await rig.spec("narrow");
    const machine = await rig.create(spec);
    await machine.boot();
    const { pid } = machine.ref;
    assert.equal(Deno.readLinkSync(`/proc/${pid}/cwd`), spec.runDir);
    const own = [spec.kernel, spec.initramfs, spec.rootfs, spec.consoleLog].map((path) =>
      path && Deno.realPathSync(path)
    );
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const target = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
      const isGiven = own.includes(target) || target.startsWith(`${spec.runDir}/`) ||
        /^(\/dev\/(null|urandom|kvm|net\/tun)$|(socket|pipe|anon_inode):|\/memfd:)/.test(target);
      assert.ok(isGiven, `${name} is ${target}`);
    }
  },
  "the process is in the machine's cgroup": async (rig) => {
    const spec = await rig.spec("grouped");
    if (spec.cgroup === null) return;
    const machine = await rig.create(spec);
    const groups = await Deno.readTextFile(`/proc/${machine.ref.pid}/cgroup`);
    const [, own] = /^0::(.*)$/m.exec(groups) ?? [];
    assert.ok(own !== undefined && spec.cgroup.endsWith(own), groups);
  },
};

/**
 * Names of the threads that may make any system call. A program's first thread may wait for the
 * others without a filter, as Cloud Hypervisor's does.
 */
function unfiltered(pid: number): string[] {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  const isOpen = (thread: string) =>
    !/^Seccomp:\s*2$/m.test(Deno.readTextFileSync(`/proc/${pid}/task/${thread}/status`));
  const open = threads.filter(isOpen);
  return open.length < threads.length ? open.filter((thread) => Number(thread) !== pid) : open;
}

/**
 * The daemon is killed at every host call that a create, a delete or a start-up makes, over the real
 * QEMU, taps and store. Whatever it was doing, the next daemon makes every row agree with reality,
 * owns all that is left, and can delete it; the name and the address are free again.
 */
import assert from "node:assert/strict";
import type { Vm } from "../../protocol/vms.ts";
import { assertUnchanged, type Ground, leavingNothing } from "../leaks.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { type DeathPoint, type MortalDaemon, startMortal } from "./mortal.ts";

/** Calls that look at every process of the host, one after the other: to die at the first will do. */
const REPEATED = /^(runtime\.process:.*scan|runtime\.qmp:connect)/;

/** A start has many calls, and each death at one takes two seconds: one in so many is tried. */
const START_STEP = 4;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of the daemon's death are skipped: ${skip}`);

function deathTest(name: string, body: (life: Lives) => Promise<void>): void {
  Deno.test({
    name,
    ignore: skip !== null,
    fn: () =>
      leavingNothing(async (ground) => {
        await using lives = new Lives(ground);
        await body(lives);
        await lives.close();
      }),
  });
}

/** One daemon after the other on the same state. */
class Lives implements AsyncDisposable {
  readonly stateDir: string;
  #current: MortalDaemon | null = null;
  #next: MortalDaemon;
  #idle: string[] | null = null;

  constructor(private readonly ground: Ground) {
    this.stateDir = ground.newFolder();
    this.#next = startMortal(this.stateDir);
  }

  /** The next daemon, not open yet; the one after it gets ready meanwhile. */
  async next(): Promise<MortalDaemon> {
    await this.#current?.end();
    this.#current = this.#next;
    this.#next = startMortal(this.stateDir);
    return this.#current;
  }

  /** The next daemon, open, after all that it found was right and has been deleted. */
  async successor(context: string): Promise<MortalDaemon> {
    const daemon = await this.next();
    await daemon.open();
    const rows = await daemon.client.vms.list({});
    const found = await this.ground.traces();
    assertOwned(rows, found, context);
    for (const { name } of rows) await daemon.client.vms.delete({ name });
    this.#idle ??= found;
    await assertUnchanged(this.#idle, () => this.ground.traces()).catch((error) => {
      throw new Error(`Something is left ${context}`, { cause: error });
    });
    return daemon;
  }

  /** The last one closes in order. */
  async close(): Promise<void> {
    const daemon = await this.successor("at last");
    await daemon.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.[Symbol.asyncDispose]();
    await this.#next[Symbol.asyncDispose]();
  }
}

/** Live rows have a process and a tap each, and nobody else has any. */
function assertOwned(rows: readonly Vm[], found: readonly string[], context: string): void {
  const live = rows.filter(({ status }) => status !== "crashed" && status !== "stopped");
  const story = `${context}: ${JSON.stringify(rows)} ${found.filter(isTold).join("\n")}`;
  const owners = found.flatMap((line) => /VIPER_VM_ID=(\S+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(new Set(owners), new Set(live.map(({ id }) => id)), story);
  const taps = found.filter((line) => /^network: vpt-\S+ ingress/.test(line));
  assert.equal(taps.length, live.length, story);
  for (const { id, pid } of live) {
    assert.ok(
      found.some((line) => line.startsWith(`process: ${pid} `) && line.endsWith(id)),
      story,
    );
  }
}

/** What stands beside the VMs is the same all the time. */
function isTold(line: string): boolean {
  return /^(process|file|cgroup|network: vpt)/.test(line);
}

/** Every call that was counted, as a point at which to die. */
function pointsIn(labels: readonly string[]): DeathPoint[] {
  const counts = new Map<string, number>();
  return labels.flatMap((label) => {
    const call = (counts.get(label) ?? 0) + 1;
    counts.set(label, call);
    return call > 1 && REPEATED.test(label) ? [] : [{ label, call }];
  });
}

async function createFirst(daemon: MortalDaemon): Promise<void> {
  const { ip_address } = await daemon.client.vms.create({ name: "a", memory_mb: 256 });
  assert.equal(ip_address, "192.168.127.2", "name and address are free");
}

/** What a request comes to does not matter when the daemon may die of it. */
async function survived(request: Promise<unknown>): Promise<void> {
  await request.catch(() => {});
}

/** Rehearses the deed, then does it once for each of its calls, or one in `step`, as the last. */
async function dieEverywhere(
  lives: Lives,
  prepare: (daemon: MortalDaemon) => Promise<MortalDaemon>,
  deed: (daemon: MortalDaemon) => Promise<unknown>,
  step = 1,
): Promise<void> {
  const rehearsal = await prepare(await lives.successor("at first"));
  await rehearsal.arm();
  await deed(rehearsal);
  const first = crypto.getRandomValues(new Uint8Array(1))[0]! % step;
  const points = pointsIn(await rehearsal.arm()).filter((_point, at) => at % step === first);
  await rehearsal.end();
  assert.ok(points.length > 10, `only ${points.length} calls`);

  let context = "after the rehearsal";
  let deaths = 0;
  for (const point of points) {
    const daemon = await prepare(await lives.successor(context));
    await daemon.arm(point);
    await survived(deed(daemon));
    deaths += Number(await daemon.end());
    context = `after call ${point.call} of ${point.label} was the last`;
  }
  await lives.successor(context);
  const labels = new Set(points.map(({ label }) => label));
  const which = step === 1 ? "" : `, each ${step}th from call ${first + 1} on`;
  console.log(`died at ${deaths} of ${points.length} calls${which}: ${[...labels].join(" ")}`);
  assert.ok(deaths > 0.9 * points.length, `died only ${deaths} times in ${points.length}`);
}

deathTest(
  "a daemon killed at any host call of a create leaves nothing to nobody",
  (lives) => dieEverywhere(lives, (daemon) => Promise.resolve(daemon), createFirst),
);

deathTest(
  "a daemon killed at any host call of a delete leaves nothing to nobody",
  (lives) =>
    dieEverywhere(lives, async (daemon) => {
      await createFirst(daemon);
      return daemon;
    }, (daemon) => daemon.client.vms.delete({ name: "a" })),
);

deathTest(
  "a daemon killed at any host call of its start leaves nothing to nobody",
  (lives) =>
    dieEverywhere(lives, async (daemon) => {
      await createFirst(daemon);
      const { pid = 0 } = await daemon.client.vms.create({ name: "b", memory_mb: 256 });
      await daemon.end();
      // One VM to take over, one whose machine is gone, and things that no row knows of.
      Deno.kill(pid, "SIGKILL");
      const stray = crypto.randomUUID();
      Deno.mkdirSync(`${lives.stateDir}/run/${stray}`);
      Deno.writeTextFileSync(`${lives.stateDir}/logs/${stray}.serial`, "");
      return await lives.next();
    }, (daemon) =>
      daemon.open(), START_STEP),
);

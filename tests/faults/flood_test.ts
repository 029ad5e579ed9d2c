/**
 * More than there is room for, over real HTTP and the real store: creates by the hundred where there
 * are few addresses, and subscribers to events that never read.
 */
import assert from "node:assert/strict";
import type { EventGap, VmEvent } from "../../protocol/events.ts";
import { readEventStream } from "../../protocol/event_stream.ts";
import { EVENTS_KEPT_MAX } from "../../server/store/event_rows.ts";
import { type DaemonProcess, startStandInDaemon } from "../daemon_process.ts";
import { assertUnchanged, leavingNothing } from "../leaks.ts";
import { privateNetworkMissing } from "../private_network.ts";
import { residentMb } from "../process_memory.ts";

/** A /26 has 62 addresses; the host has one, and VMs that are there first have eleven. */
const SUBNET = "192.168.127.0/26";
const FIRST = 11;
const FREE = 50;
const AT_ONCE = 200;

/** Subscribers that do not read. */
const SILENT = 40;
/** One VM's life, when nothing happens in it. */
const EVENTS_OF_A_LIFE = 5;
/** More events than are kept, and than sockets take on their way to a reader. */
const LIVES = 1.3 * EVENTS_KEPT_MAX / EVENTS_OF_A_LIFE;
/** Bytes that a socket may hold, at least, at first and at most; see tcp(7). */
const SMALL_SOCKETS = "4096 16384 65536";
const LIVES_AT_ONCE = 8;
/** Then each subscriber holds what it may, and what is compiled and pooled once is there. */
const WARM_UP = 400;
/** Were events kept for each subscriber, it would be several times as much. */
const GROWTH_MB_MAX = 64;

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of a flood are skipped: ${skip}`);

Deno.test({
  name: `of ${AT_ONCE} creates at once over ${FREE} addresses ${FREE} are made`,
  ignore: skip !== null,
  fn: () =>
    leavingNothing(async (ground) => {
      const flags = { network: true, guestPort: "7778", subnet: SUBNET };
      await using daemon = await startStandInDaemon(flags, ground.newFolder());
      const names = (prefix: string, count: number) =>
        Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
      for (const name of names("first", FIRST)) await daemon.client.vms.create({ name });
      const idle = await ground.traces(daemon);

      const answers = await Promise.all(names("vm", AT_ONCE).map((name) => create(daemon, name)));
      const made = answers.filter(({ status }) => status === 201);
      assert.equal(made.length, FREE);
      assert.equal(new Set(made.map(({ body }) => body["ip_address"])).size, FREE);
      for (const { status, body, retryAfter } of answers) {
        if (status === 201) continue;
        assert.deepEqual([status, body["code"]], [503, "addresses_exhausted"]);
        assert.ok(Number(retryAfter) > 0);
      }
      const rows = await daemon.client.vms.list({ limit: 1_000 });
      assert.equal(rows.length, FIRST + FREE);

      const gone = made.map(({ body }) => daemon.client.vms.delete({ name: String(body["name"]) }));
      await Promise.all(gone);
      await assertUnchanged(idle, () => ground.traces(daemon));
      for (const name of names("first", FIRST)) await daemon.client.vms.delete({ name });
    }),
});

Deno.test({
  name: "subscribers that never read cost no memory, and learn what they missed",
  ignore: skip !== null,
  fn: silentSubscribers,
});

async function silentSubscribers(): Promise<void> {
  using _sockets = smallSockets();
  await using daemon = await startStandInDaemon();
  const stop = new AbortController();
  const open = () =>
    daemon.fetch("/api/v1/events/vms", {
      headers: { "last-event-id": "0" },
      signal: stop.signal,
    });
  const last = (LIVES + WARM_UP) * EVENTS_OF_A_LIFE;
  const silent = await Promise.all(Array.from({ length: SILENT }, open));
  await live(daemon, WARM_UP, "warm");
  const before = residentMb(daemon.pid);
  const reading = readTo(await open(), last);

  await live(daemon, LIVES, "vm");

  const grown = residentMb(daemon.pid) - before;
  console.log(`${last} events, ${SILENT} that do not read: ${grown.toFixed(1)} MB more`);
  assert.ok(grown < GROWTH_MB_MAX, `${grown} MB more`);
  const all = await reading;
  assert.deepEqual(all.map((event) => event.type === "gap" ? "gap" : event.seq), range(1, last));

  const late = await readTo(silent[0]!, last);
  let next = 1;
  for (const event of late) {
    const [from, to] = event.type === "gap" ? [event.from, event.to] : [event.seq, event.seq];
    assert.equal(from, next, "each number comes, or is told as missed, once");
    next = to + 1;
  }
  const gap = late.find((event): event is EventGap => event.type === "gap");
  assert.ok(gap !== undefined, "it is told what it missed");
  console.log(`one that read again had missed ${gap.to - gap.from + 1}`);
  stop.abort();
  await Promise.all(silent.map(({ body }) => body?.cancel().catch(() => {})));
}

/** Sockets of this network namespace hold little, so that a reader who stops is felt soon. */
function smallSockets(): Disposable {
  const files = ["tcp_rmem", "tcp_wmem"].map((name) => `/proc/sys/net/ipv4/${name}`);
  const before = files.map((file) => Deno.readTextFileSync(file));
  for (const file of files) Deno.writeTextFileSync(file, SMALL_SOCKETS);
  return {
    [Symbol.dispose]: () =>
      files.forEach((file, at) => Deno.writeTextFileSync(file, before[at] ?? "")),
  };
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfter: string | null;
}

async function create(daemon: DaemonProcess, name: string): Promise<Answer> {
  const response = await daemon.fetch("/api/v1/vms", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const { status, headers } = response;
  return { status, body: await response.json(), retryAfter: headers.get("retry-after") };
}

/** Lets so many VMs come and go, a few at a time. */
async function live(daemon: DaemonProcess, count: number, prefix: string): Promise<void> {
  let started = 0;
  const one = async () => {
    while (started < count) {
      const name = `${prefix}-${started++}`;
      await daemon.client.vms.create({ name });
      await daemon.client.vms.delete({ name });
    }
  };
  await Promise.all(Array.from({ length: LIVES_AT_ONCE }, one));
}

/** Reads up to that number. */
async function readTo(response: Response, last: number): Promise<(VmEvent | EventGap)[]> {
  const events: (VmEvent | EventGap)[] = [];
  if (response.body === null) throw new Error("The event stream has no body");
  for await (const event of readEventStream(response.body)) {
    events.push(event);
    if ((event.type === "gap" ? event.to : event.seq) >= last) break;
  }
  return events;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

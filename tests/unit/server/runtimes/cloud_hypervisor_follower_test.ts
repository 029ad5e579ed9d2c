/** Events are followed in a real file: from its start, as they come, to the last, and bounded. */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import type { Host } from "../../../../host/host.ts";
import { EventFollower } from "../../../../server/runtimes/cloud_hypervisor_follower.ts";
import { FakeClock } from "../../../fake_clock.ts";
import { until } from "../../../until.ts";

const MEGABYTE = 1024 * 1024;

interface World {
  readonly files: { readonly events: string; readonly log: string };
  readonly host: Host;
  readonly clock: FakeClock;
  readonly seen: string[];
  follow(host?: Host): EventFollower;
  /** As Cloud Hypervisor does: appends. */
  tell(event: string): Promise<void>;
}

async function withWorld(body: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "viper-events-" });
  const files = { events: `${folder}/events.json`, log: `${folder}/ch.log` };
  for (const path of Object.values(files)) await Deno.writeTextFile(path, "");
  const clock = new FakeClock();
  const host: Host = { ...denoHost({ log: () => {} }), clock };
  const seen: string[] = [];
  let follower: EventFollower | null = null;
  try {
    await body({
      files,
      host,
      clock,
      seen,
      follow: (with_ = host) =>
        follower = new EventFollower(with_, files, ({ event }) => seen.push(event)),
      tell: (event) =>
        Deno.writeTextFile(files.events, `{"source": "vm",\n"event": "${event}"}\n\n`, {
          append: true,
        }),
    });
  } finally {
    await (follower as EventFollower | null)?.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("EventFollower tells what was there and what comes", () =>
  withWorld(async ({ seen, tell, follow }) => {
    await tell("booting");
    follow();
    await until("the first", () => seen.length === 1);
    await tell("booted");
    await until("the next", () => seen.length === 2);
    assert.deepEqual(seen, ["booting", "booted"]);
  }));

Deno.test("EventFollower looks from time to time where nothing can be watched", () =>
  withWorld(async ({ host, clock, seen, tell, follow }) => {
    const files = { ...host.files, watch: () => Promise.reject(new Error("no watches left")) };
    follow({ ...host, files });
    await until("it waits", () => clock.pending === 1);
    await tell("booted");
    await clock.advance(2_000);
    await until("the event", () => seen.length === 1);
  }));

Deno.test("EventFollower goes on when the file cannot be read for once", () =>
  withWorld(async ({ host, clock, seen, tell, follow }) => {
    let failures = 1;
    const readFrom: Host["files"]["readFrom"] = (...call) =>
      failures-- > 0 ? Promise.reject(new Error("EIO")) : host.files.readFrom(...call);
    await tell("booted");
    follow({ ...host, files: { ...host.files, readFrom } });
    await until("it waits", () => clock.pending === 1);
    await clock.advance(2_000);
    await until("the event", () => seen.length === 1);
  }));

Deno.test("EventFollower.finish() reads to the end", () =>
  withWorld(async ({ seen, tell, follow }) => {
    for (let count = 0; count < 2_000; count++) await tell("resumed");
    await follow().finish();
    assert.equal(seen.length, 2_000);
  }));

Deno.test("EventFollower.stop() tells nothing more", () =>
  withWorld(async ({ seen, tell, follow }) => {
    await follow().stop();
    await tell("booted");
    assert.deepEqual(seen, []);
  }));

Deno.test("EventFollower empties files that grow for ever and misses nothing behind that", () =>
  withWorld(async ({ files, seen, tell, follow }) => {
    await Deno.writeTextFile(files.events, " ".repeat(MEGABYTE));
    await Deno.writeTextFile(files.log, " ".repeat(MEGABYTE + 1));
    await tell("booted");
    follow();
    await until("the file is empty", () => Deno.statSync(files.events).size === 0);
    await until("the log is empty", () => Deno.statSync(files.log).size === 0);
    await tell("shutdown");
    await until("the next", () => seen.length === 2);
    assert.deepEqual(seen, ["booted", "shutdown"]);
  }));

/** One event to a thousand subscribers of the event stream, against one event to a single one. */
import { type DaemonProcess, startStandInDaemon } from "../daemon_process.ts";
import type { Comparison } from "./report.ts";
import { median } from "./statistics.ts";

const SUBSCRIBERS = 1_000;
const EVENTS = 10;

interface Subscribers {
  /** Resolves when every one of them has read an event about the VM. */
  seen(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Measures from the request that makes the event to the last subscriber's reading of it. */
export async function compareFanOut(note: (text: string) => void): Promise<Comparison[]> {
  await using daemon = await startStandInDaemon();
  note("an event to one subscriber");
  const one = await deliver(daemon, 1);
  note(`an event to ${SUBSCRIBERS} subscribers`);
  const many = await deliver(daemon, SUBSCRIBERS);
  const rate = (ms: number) => `${(SUBSCRIBERS / ms * 1_000).toFixed(0)} deliveries/s`;
  return [{
    name: `an event to ${SUBSCRIBERS} subscribers, against one to a single subscriber`,
    subject: `the last of ${SUBSCRIBERS}: ${median(many).toFixed(1)} ms, ${rate(median(many))}`,
    yardstick: `a single one: ${median(one).toFixed(1)} ms`,
    ratio: median(many) / median(one),
  }];
}

async function deliver(daemon: DaemonProcess, count: number): Promise<number[]> {
  const subscribers = await subscribe(daemon, count);
  const times: number[] = [];
  for (let at = 0; at < EVENTS; at++) {
    const name = `fan-${count}-${at}`;
    const started = performance.now();
    const seen = subscribers.seen(name);
    await daemon.client.vms.create({ name });
    await seen;
    times.push(performance.now() - started);
  }
  await subscribers.close();
  return times;
}

async function subscribe(daemon: DaemonProcess, count: number): Promise<Subscribers> {
  const waiting = new Map<string, { left: number; done: () => void }>();
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  for (let at = 0; at < count; at++) {
    const { body } = await daemon.fetch("/api/v1/events/vms");
    if (body === null) throw new Error("The event stream has no body");
    const reader = body.getReader();
    readers.push(reader);
    void follow(reader, (name) => {
      const wait = waiting.get(name);
      if (wait !== undefined && --wait.left === 0) wait.done();
    });
  }
  return {
    seen: (name) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(name, { left: count, done: resolve });
      return promise;
    },
    close: async () => void await Promise.all(readers.map((reader) => reader.cancel())),
  };
}

/** Tells the name of each VM that is said to be created, until the reader is cancelled. */
async function follow(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  onCreated: (name: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const text = decoder.decode(value);
    for (const [, name = ""] of text.matchAll(/"type":"VM_CREATED","name":"([^"]+)"/g)) {
      onCreated(name);
    }
  }
}

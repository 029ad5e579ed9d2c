/**
 * Goal: the daemon goes to Chrome itself only where the agent is on its own loopback, and to no
 * other host than that, whatever an agent answers or a client sends. Method: a network of streams
 * that say what a row has them say, and remember where they were dialed and what they were sent.
 */
import assert from "node:assert/strict";
import type { ByteStream } from "../../../../host/host.ts";
import { Devtools } from "../../../../server/browser/devtools.ts";
import { Relay } from "../../../../server/browser/relay.ts";
import type { AgentLink } from "../../../../server/vms/incarnation.ts";
import { FakeClock } from "../../../fake_clock.ts";

const PATH = "/devtools/page/A";
const DOOR_PORT = 4_000;
const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
const MISSING = "HTTP/1.1 404 Not Found\r\n\r\n";
const told = (location: string) => `HTTP/1.1 200 OK\r\nlocation: ${location}\r\n\r\n`;
const [NEAR, GUEST] = ["127.0.0.1", "10.9.0.2"];

interface Row {
  readonly agent: string;
  /** What each connection answers, in the order in which they are dialed. */
  readonly answers: readonly string[];
  /** Where there were connections, and which are left open. */
  readonly dialed: readonly string[];
  readonly open: number;
  readonly fails?: string;
}

const ROWS: Readonly<Record<string, Row>> = {
  "goes to Chrome itself where an agent is near": {
    ...{ agent: NEAR, answers: [told(`ws://127.0.0.1:9000${PATH}`), UPGRADED] },
    ...{ dialed: ["127.0.0.1:4000", "127.0.0.1:9000"], open: 2 },
  },
  "goes to no other host that an agent names": {
    ...{ agent: NEAR, answers: [told(`ws://10.9.9.9:9000${PATH}`), UPGRADED] },
    ...{ dialed: ["127.0.0.1:4000", "127.0.0.1:9000"], open: 2 },
  },
  "takes the door's own way to Chrome where it is given": {
    ...{ agent: NEAR, answers: [UPGRADED], dialed: ["127.0.0.1:4000"], open: 1 },
  },
  "takes a guest's door": {
    ...{ agent: GUEST, answers: [UPGRADED], dialed: ["10.9.0.2:4000"], open: 1 },
  },
  "goes nowhere else for a guest": {
    ...{ agent: GUEST, answers: [told(`ws://127.0.0.1:9000${PATH}`)] },
    ...{ dialed: ["10.9.0.2:4000"], open: 0, fails: "devtools_refused" },
  },
  "tells that Chrome refuses, and leaves nothing open": {
    ...{ agent: NEAR, answers: [told(`ws://127.0.0.1:9000${PATH}`), MISSING] },
    ...{ dialed: ["127.0.0.1:4000", "127.0.0.1:9000"], open: 0, fails: "devtools_refused" },
  },
  "tells that an agent names no place, and leaves nothing open": {
    ...{ agent: NEAR, answers: [told("nowhere")] },
    ...{ dialed: ["127.0.0.1:4000"], open: 0, fails: "devtools_unavailable" },
  },
};

for (const [title, row] of Object.entries(ROWS)) {
  Deno.test(`Devtools.connect() ${title}`, async () => {
    const { devtools, dialed, sent, streams } = world(row);
    const wanted = { vmName: "a", path: PATH, handshake: new Headers(HANDSHAKE) };
    const connecting = devtools.connect(wanted, new AbortController().signal);
    if (row.fails === undefined) await connecting;
    else await assert.rejects(connecting, { code: row.fails });
    assert.deepEqual(dialed, row.dialed);
    assert.equal([...streams].filter(({ isOpen }) => isOpen).length, row.open);
    const [toDoor = "", toChrome] = sent.map((texts) => texts.join(""));
    assert.match(toDoor, /^GET \/v1\/devtools\/devtools\/page\/A HTTP\/1\.1\r\n/);
    assert.match(toDoor, /sec-websocket-key: made-up\r\n/);
    assert.equal(toDoor.includes("x-viper-presence: 1"), row.agent === NEAR, toDoor);
    assert.doesNotMatch(toDoor, /forged/);
    if (toChrome === undefined) return;
    assert.match(toChrome, /^GET \/devtools\/page\/A HTTP\/1\.1\r\n/);
    assert.match(toChrome, /host: 127\.0\.0\.1:9000\r\n/);
    assert.doesNotMatch(toChrome, /x-viper|authorization/);
  });
}

/** A client that asks for more than it may. */
const HANDSHAKE = {
  ...{ "sec-websocket-key": "made-up", "sec-websocket-version": "13" },
  ...{ authorization: "Bearer forged", "x-viper-presence": "forged" },
};

function world({ agent, answers }: Row) {
  const dialed: string[] = [];
  const sent: string[][] = [];
  const streams: (ByteStream & { readonly isOpen: boolean })[] = [];
  const dial = (_label: string, address: { hostname?: string; port?: number }) => {
    dialed.push(`${address.hostname}:${address.port}`);
    const texts: string[] = [];
    sent.push(texts);
    streams.push(streamOf(answers[streams.length] ?? "", texts));
    return Promise.resolve(streams.at(-1) as ByteStream);
  };
  const clock = new FakeClock();
  const random = { bytes: (length: number) => new Uint8Array(length) };
  const link = {
    ...{ url: `http://${agent}:8080`, token: "0".repeat(64) },
    signal: new AbortController().signal,
    pool: { fetch: () => Promise.resolve(Response.json({ port: DOOR_PORT })) },
  } as unknown as AgentLink;
  const relay = new Relay(() => link, { clock, random, telemetry: null } as never, () => {});
  return {
    devtools: new Devtools(relay, { clock, net: { dial } } as never),
    dialed,
    sent,
    streams,
  };
}

/** Says its text, and then no more. */
function streamOf(text: string, sent: string[]): ByteStream & { readonly isOpen: boolean } {
  const said = new TextEncoder().encode(text);
  let [at, isOpen] = [0, true];
  const close = () => isOpen = false;
  return {
    localPort: 0,
    get isOpen() {
      return isOpen;
    },
    read: (buffer) => {
      const part = said.subarray(at, at + buffer.length);
      buffer.set(part);
      at += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
    write: (bytes) => Promise.resolve(void sent.push(new TextDecoder("latin1").decode(bytes))),
    closeWrite: () => Promise.resolve(),
    close,
    [Symbol.dispose]: close,
  };
}

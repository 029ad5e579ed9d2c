/**
 * Goal: the guest's door passes a WebSocket's frames on as they are, those of control included,
 * and ends it as the other side does; to a daemon that is next to Chrome, and to nobody else, it
 * says where Chrome is. Method: a stand-in for Chrome that says and keeps what it is told to,
 * since the real one sends no pings and no closing codes of its own.
 */
import assert from "node:assert/strict";
import type { SupervisedBrowser } from "../../agent/browser.ts";
import { openDevtoolsDoor } from "../../agent/devtools_door.ts";
import { OPCODE, serverFrame } from "../../protocol/websocket_frames.ts";
import { denoHost } from "../../host/deno_host.ts";
import type { Net } from "../../host/host.ts";
import { PRESENCE_HEADER, SETS_DOWNLOADS } from "../../protocol/presence.ts";
import { Verifier } from "../../protocol/verifier.ts";
import { until } from "../until.ts";
import { BareClient } from "./bare_client.ts";
import { signedHeaders } from "./signed_headers.ts";

const TOKEN = "0".repeat(64);
const PATH = "/devtools/page/A";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface DoorWorld {
  readonly client: BareClient;
  /** What the stand-in has got, a text a chunk, unmasked frames of it by opcode. */
  readonly got: { readonly opcode: number; readonly text: string }[];
  /** Sends from the stand-in to the client. */
  readonly tell: (bytes: Uint8Array) => Promise<void>;
  /** Ends the stand-in's side. */
  readonly hangUp: () => void;
  /** Ends this Chrome. */
  readonly die: () => void;
  /** Clients that the browser believes to be connected. */
  readonly shares: () => number;
  /** How often downloads came to the agent again. */
  readonly claims: () => number;
}

Deno.test("the door passes pings and pongs on, both ways", () =>
  withDoor(async ({ client, got, tell }) => {
    await client.frame(OPCODE.ping, encoder.encode("in"));
    await until("Chrome hears the ping", () => got.length === 1);
    assert.deepEqual(got[0], { opcode: OPCODE.ping, text: "in" });
    await tell(serverFrame(OPCODE.pong, encoder.encode("in")));
    await tell(serverFrame(OPCODE.ping, encoder.encode("out")));
    assert.deepEqual(await client.next(), { opcode: OPCODE.pong, length: 2, text: "in" });
    assert.deepEqual(await client.next(), { opcode: OPCODE.ping, length: 3, text: "out" });
  }));

Deno.test("the door passes Chrome's closing code and reason on, then ends", () =>
  withDoor(async ({ client, tell, hangUp }) => {
    const closing = closeOf(4_001, "went away");
    await tell(serverFrame(OPCODE.close, closing));
    hangUp();
    assert.equal((await client.next())?.text, latin1(closing));
    assert.equal(await client.next(), null);
  }));

Deno.test("the door passes a client's closing code and reason on, then ends", () =>
  withDoor(async ({ client, got, hangUp }) => {
    const closing = closeOf(4_002, "enough");
    await client.frame(OPCODE.close, closing);
    await until("Chrome hears it", () => got.length === 1);
    assert.equal(got[0]?.opcode, OPCODE.close);
    assert.match(got[0]?.text ?? "", /enough$/);
    hangUp();
    assert.equal(await client.next(), null);
  }));

Deno.test("the door waits with the answer to Browser.close until a message has ended", () =>
  withDoor(async ({ client, got, tell }) => {
    const message = serverFrame(OPCODE.text, encoder.encode("x".repeat(1_000)));
    await tell(message.subarray(0, 500));
    await client.send({ id: 3, sessionId: "S", method: "Browser.close" });
    await tell(message.subarray(500));
    assert.equal((await client.next())?.length, 1_000);
    assert.deepEqual(JSON.parse((await client.next())?.text ?? ""), {
      ...{ id: 3, sessionId: "S", result: {} },
    });
    assert.equal((await client.next())?.text, latin1(closeOf(1_000, "")));
    assert.deepEqual(got, []);
  }));

Deno.test("the door ends connections with their Chrome, and counts who is left", () =>
  withDoor(async ({ client, die, shares }) => {
    assert.equal(shares(), 1);
    die();
    assert.equal(await client.next(), null);
    await until("nobody is counted", () => shares() === 0);
  }));

Deno.test("the door has downloads come to the agent again once a client that set them is gone", () =>
  withDoor(async ({ client, got, hangUp, shares, claims }) => {
    await client.send({ id: 1, method: "Browser.setDownloadBehavior", params: {} });
    await until("Chrome hears it", () => got.length === 1);
    assert.equal(claims(), 0);
    client[Symbol.dispose]();
    hangUp();
    await until("nobody is counted", () => shares() === 0);
    assert.equal(claims(), 1);
  }));

Deno.test("the door tells a daemon on its loopback where Chrome is, and counts it till it ends", () =>
  withPresence(async ({ client, location, chromePort, shares, claims }) => {
    assert.equal(location, `ws://127.0.0.1:${chromePort}${PATH}`);
    assert.equal(shares(), 1);
    client[Symbol.dispose]();
    await until("nobody is counted", () => shares() === 0);
    assert.equal(claims(), 0);
  }));

Deno.test("the door is told of downloads by a daemon on its loopback", () =>
  withPresence(async ({ client, shares, claims }) => {
    await client.write(SETS_DOWNLOADS);
    client[Symbol.dispose]();
    await until("nobody is counted", () => shares() === 0);
    assert.equal(claims(), 1);
  }));

Deno.test("the door ends a daemon's presence with that Chrome", () =>
  withPresence(async ({ client, die, shares }) => {
    die();
    assert.equal(await client.next(), null);
    await until("nobody is counted", () => shares() === 0);
  }));

Deno.test("the door leads whoever is elsewhere to Chrome, and tells no place", () =>
  withDoor(async ({ client, tell }) => {
    await tell(serverFrame(OPCODE.text, encoder.encode("{}")));
    assert.equal((await client.next())?.text, "{}");
  }, { peer: "10.9.0.1", headers: { [PRESENCE_HEADER]: "1" } }));

interface Asked {
  /** From where the door believes to be asked. */
  readonly peer?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A door that has been asked, with all that it leads to. */
async function openDoor(asked: Asked) {
  const system = denoHost({ log: () => {} });
  const { peer } = asked;
  const host = peer === undefined ? system : { ...system, net: seenFrom(peer, system.net) };
  const chrome = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const life = new AbortController();
  let [shares, claims] = [0, 0];
  const browser = {
    nextSession: () =>
      Promise.resolve({
        ...{ devtoolsUrl: `ws://127.0.0.1:${chrome.addr.port}/devtools/browser/B` },
        ...{ life: life.signal, pages: { active: () => Promise.resolve() } },
        claimDownloads: () => claims++,
      }),
    share: () => (shares++, { [Symbol.dispose]: () => void shares-- }),
  } as unknown as SupervisedBrowser;
  const verifier = new Verifier(TOKEN, "agent", host.clock);
  const door = await openDevtoolsDoor({ host, hostname: "127.0.0.1", verifier, browser });
  const target = `/v1/devtools${PATH}`;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: door.port });
  const client = new BareClient(conn, { ...await signedHeaders(TOKEN, target), ...asked.headers });
  const close = () => {
    client[Symbol.dispose]();
    door.close();
    chrome.close();
  };
  const world = { client, shares: () => shares, claims: () => claims, die: () => life.abort() };
  return { ...world, chrome, target, [Symbol.dispose]: close };
}

/** The way of a guest: through the door. */
async function withDoor(
  test: (world: DoorWorld) => Promise<void>,
  asked: Asked = {},
): Promise<void> {
  using opened = await openDoor(asked);
  const { client, chrome, target, shares } = opened;
  const accepting = chrome.accept();
  const upgraded = client.upgrade(target);
  // Whoever is answered before Chrome is asked was not led there.
  const unasked = upgraded.then((answer): never => assert.fail(answer));
  for (const end of [accepting, unasked]) end.catch(() => {}); // One of them comes to nothing.
  using accepted = await Promise.race([accepting, unasked]);
  const got: { opcode: number; text: string }[] = [];
  const reading = standIn(accepted, got);
  assert.match(await upgraded, /^HTTP\/1\.1 101 [^]*sec-websocket-accept: made-up/i);
  await test({
    ...{ ...opened, got },
    tell: async (bytes) => void await accepted.write(bytes),
    hangUp: () => void accepted.closeWrite(),
  });
  client[Symbol.dispose]();
  await reading;
  await accepted.closeWrite().catch(() => {}); // The test may have done so.
  await until("nobody is counted", () => shares() === 0);
}

type PresenceWorld = Pick<DoorWorld, "client" | "die" | "shares" | "claims"> & {
  readonly location: string;
  readonly chromePort: number;
};

/** The way of a daemon that is next to Chrome. */
async function withPresence(test: (world: PresenceWorld) => Promise<void>): Promise<void> {
  using opened = await openDoor({ headers: { [PRESENCE_HEADER]: "1" } });
  const answer = await opened.client.upgrade(opened.target);
  const [, location = ""] = /^HTTP\/1\.1 200 [^]*location: (.*)\r\n/i.exec(answer) ?? [];
  await test({ ...opened, location, chromePort: opened.chrome.addr.port });
}

/** A network in which all who come have that address. */
function seenFrom(hostname: string, net: Net): Net {
  return {
    ...net,
    accept: (label, address, onStream) =>
      net.accept(label, address, (stream) => onStream(stream, { hostname, port: 1 })),
  };
}

/** Answers the handshake, then keeps what comes in. */
async function standIn(conn: Deno.Conn, got: { opcode: number; text: string }[]): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  const size = await conn.read(buffer) ?? 0;
  assert.match(latin1(buffer.subarray(0, size)), new RegExp(`^GET ${PATH} HTTP/1\\.1\r\n`));
  await conn.write(encoder.encode(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: made-up\r\n\r\n",
  ));
  for (let size = await conn.read(buffer); size !== null; size = await conn.read(buffer)) {
    // Each is small, and sent alone.
    const mask = buffer.slice(2, 6);
    const payload = buffer.slice(6, size).map((byte, at) => byte ^ mask[at & 3]!);
    got.push({ opcode: buffer[0]! & 0x0f, text: decoder.decode(payload) });
  }
}

/** A closing frame's payload (RFC 6455, 5.5.1). */
function closeOf(code: number, reason: string): Uint8Array {
  return Uint8Array.from([code >> 8, code & 0xff, ...encoder.encode(reason)]);
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

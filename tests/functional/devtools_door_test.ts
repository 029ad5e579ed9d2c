/**
 * Goal: the guest's door passes a WebSocket's frames on as they are, those of control included,
 * and ends it as the other side does. Method: a stand-in for Chrome that says and keeps what it is
 * told to, since the real one sends no pings and no closing codes of its own.
 */
import assert from "node:assert/strict";
import type { SupervisedBrowser } from "../../agent/browser.ts";
import { openDevtoolsDoor } from "../../agent/devtools_door.ts";
import { OPCODE, serverFrame } from "../../agent/websocket_frames.ts";
import { denoHost } from "../../host/deno_host.ts";
import { Signer } from "../../protocol/signer.ts";
import { Verifier } from "../../protocol/verifier.ts";
import { until } from "../until.ts";
import { BareClient } from "./bare_client.ts";

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

async function withDoor(test: (world: DoorWorld) => Promise<void>): Promise<void> {
  const host = denoHost({ log: () => {} });
  using chrome = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const life = new AbortController();
  let shares = 0;
  const browser = {
    nextSession: () =>
      Promise.resolve({
        ...{ devtoolsUrl: `ws://127.0.0.1:${chrome.addr.port}/devtools/browser/B` },
        ...{ life: life.signal, pages: { active: () => Promise.resolve() } },
      }),
    share: () => (shares++, { [Symbol.dispose]: () => void shares-- }),
  } as unknown as SupervisedBrowser;
  const verifier = new Verifier(TOKEN, "agent", host.clock);
  const door = await openDevtoolsDoor({ host, hostname: "127.0.0.1", verifier, browser });
  const accepting = chrome.accept();
  const target = `/v1/devtools${PATH}`;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: door.port });
  using client = new BareClient(conn, await signedHeaders(target, host));
  try {
    const upgraded = client.upgrade(target);
    using accepted = await accepting;
    const got: { opcode: number; text: string }[] = [];
    const reading = standIn(accepted, got);
    assert.match(await upgraded, /^HTTP\/1\.1 101 [^]*sec-websocket-accept: made-up/i);
    await test({
      ...{ client, got, shares: () => shares, die: () => life.abort() },
      tell: async (bytes) => void await accepted.write(bytes),
      hangUp: () => void accepted.closeWrite(),
    });
    client[Symbol.dispose]();
    await reading;
    await accepted.closeWrite().catch(() => {}); // The test may have done so.
    await until("nobody is counted", () => shares === 0);
  } finally {
    door.close();
  }
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

async function signedHeaders(target: string, host: ReturnType<typeof denoHost>) {
  let signed = new Headers();
  const signer = new Signer(TOKEN, "agent", host);
  await signer.send(
    (_url, init) => {
      signed = new Headers(init?.headers);
      return Promise.resolve(new Response());
    },
    `http://127.0.0.1${target}`,
    {},
  );
  return Object.fromEntries(signed);
}

/** A closing frame's payload (RFC 6455, 5.5.1). */
function closeOf(code: number, reason: string): Uint8Array {
  return Uint8Array.from([code >> 8, code & 0xff, ...encoder.encode(reason)]);
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

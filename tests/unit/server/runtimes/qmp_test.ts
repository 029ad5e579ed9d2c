/** The QMP client against a scripted QEMU: greetings, answers, events, and everything that breaks. */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import type { Connection, Host } from "../../../../host/host.ts";
import { QmpClient, QmpError, type QmpEvent } from "../../../../server/runtimes/qmp.ts";

const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** What QEMU answers to a command; `null` is silence. */
type Answer = (command: { execute: string; id: number }) => string | null;

const accepts: Answer = ({ execute, id }) =>
  execute === "query-status"
    ? `{"return": {"status": "running"}, "id": ${id}}\r\n`
    : `{"return": {}, "id": ${id}}\r\n`;

Deno.test("connect() negotiates and execute() returns the answer with its id", async () => {
  const qemu = scripted(accepts);
  const client = await QmpClient.connect(qemu.host, "/s");
  assert.deepEqual(await client.execute("query-status"), { status: "running" });
  assert.deepEqual(qemu.commands, ["qmp_capabilities", "query-status"]);
  await client.close();
  await client.close();
});

Deno.test("execute() keeps answers apart that come in another order", async () => {
  let held = "";
  const qemu = scripted(({ execute, id }) => {
    if (execute === "first") {
      held = `{"return": 1, "id": ${id}}\n`;
      return null;
    }
    return execute === "second" ? `{"return": 2, "id": ${id}}\n${held}` : accepts({ execute, id });
  });
  const client = await QmpClient.connect(qemu.host, "/s");
  const first = client.execute("first");
  assert.equal(await client.execute("second"), 2);
  assert.equal(await first, 1);
  await client.close();
});

Deno.test("events arrive whole, in order, wherever the bytes are cut", async () => {
  const events: QmpEvent[] = [];
  const qemu = scripted(accepts);
  const client = await QmpClient.connect(qemu.host, "/s", {
    onEvent: (event) => events.push(event),
  });
  const text = '{"event": "RESUME"}\r\n{"event": "SHUTDOWN", "data": {"reason": "ä"}}\r\n';
  for (const byte of new TextEncoder().encode(text)) qemu.sendBytes(Uint8Array.of(byte));
  await client.execute("query-status");
  assert.deepEqual(events, [
    { event: "RESUME", data: undefined },
    { event: "SHUTDOWN", data: { reason: "ä" } },
  ]);
  await client.close();
});

Deno.test("execute() rejects with QEMU's own words when it refuses", async () => {
  const qemu = scripted((command) =>
    command.execute === "cont"
      ? `{"error": {"class": "GenericError", "desc": "no such thing"}, "id": ${command.id}}\n`
      : accepts(command)
  );
  const client = await QmpClient.connect(qemu.host, "/s");
  await assert.rejects(client.execute("cont"), { name: "QmpError", message: /no such thing/ });
  await client.close();
});

Deno.test("execute() rejects when no answer comes in time", async () => {
  const qemu = scripted((command) => command.execute === "quit" ? null : accepts(command));
  const client = await QmpClient.connect(qemu.host, "/s");
  await assert.rejects(client.execute("quit", {}, 5), /did not answer "quit" within 5 ms/);
  await client.close();
});

Deno.test("a hang-up rejects what is under way and all that follows", async () => {
  const qemu = scripted((command) => command.execute === "quit" ? null : accepts(command));
  const client = await QmpClient.connect(qemu.host, "/s");
  const quitting = client.execute("quit");
  qemu.hangUp();
  await assert.rejects(quitting, QmpError);
  await assert.rejects(client.execute("cont"), QmpError);
  await client.close();
});

Deno.test("a line that is not JSON breaks the connection", async () => {
  const qemu = scripted((command) => command.execute === "cont" ? "oops\n" : accepts(command));
  const client = await QmpClient.connect(qemu.host, "/s");
  await assert.rejects(client.execute("cont"), /connection to QEMU broke/);
  await client.close();
});

Deno.test("a message without an end breaks the connection instead of filling memory", async () => {
  const qemu = scripted((command) => command.execute === "cont" ? null : accepts(command));
  const client = await QmpClient.connect(qemu.host, "/s");
  const running = client.execute("cont");
  for (let count = 0; count < 3; count++) qemu.sendBytes(new Uint8Array(512 * 1024).fill(120));
  await assert.rejects(running, /connection to QEMU broke/);
  await client.close();
});

Deno.test("connect() rejects when QEMU hangs up instead of greeting", async () => {
  const qemu = scripted(accepts, "");
  qemu.hangUp();
  await assert.rejects(QmpClient.connect(qemu.host, "/s"), QmpError);
});

interface ScriptedQemu {
  readonly host: Host;
  readonly commands: string[];
  sendBytes(bytes: Uint8Array): void;
  hangUp(): void;
}

function scripted(answer: Answer, greeting = GREETING): ScriptedQemu {
  const encoder = new TextEncoder();
  const commands: string[] = [];
  let output!: ReadableStreamDefaultController<Uint8Array>;
  let isOpen = true;
  const hangUp = () => {
    if (isOpen) output.close();
    isOpen = false;
  };
  const connection: Connection = {
    readable: new ReadableStream({
      start: (controller) => {
        output = controller;
        if (greeting !== "") controller.enqueue(encoder.encode(greeting));
      },
      cancel: () => {
        isOpen = false;
      },
    }),
    writable: new WritableStream({
      write: (chunk) => {
        const command = JSON.parse(new TextDecoder().decode(chunk));
        commands.push(command.execute);
        const text = answer(command);
        if (text !== null && isOpen) output.enqueue(encoder.encode(text));
      },
    }),
    close: hangUp,
    [Symbol.asyncDispose]: () => Promise.resolve(hangUp()),
  };
  const real = denoHost({ log: () => {} });
  return {
    host: { ...real, net: { ...real.net, connect: () => Promise.resolve(connection) } },
    commands,
    sendBytes: (bytes) => output.enqueue(bytes),
    hangUp,
  };
}

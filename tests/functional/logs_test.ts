/** Logs of a real agent and a real Chromium through the real daemon, however they are asked for. */
import assert from "node:assert/strict";
import { readLogStream } from "../../protocol/event_stream.ts";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { until } from "../until.ts";

const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const WAIT_MS = 30_000;

async function withVm(): Promise<DaemonProcess & { vmId: string }> {
  const daemon = await startDaemon(LOCAL);
  await daemon.client.vms.create({ name: "a" });
  const { id, status } = await daemon.client.vms.wait({ name: "a", timeout_ms: WAIT_MS });
  assert.equal(status, "running");
  return { ...daemon, vmId: id };
}

const say = (daemon: DaemonProcess, words: string) =>
  daemon.client.browser("a").evaluate({ expression: `console.error(${JSON.stringify(words)})` });

/** A WebSocket with what it heard and how it ended. */
function openSocket(daemon: DaemonProcess, path: string) {
  const url = `${daemon.url.replace("http", "ws")}${path}`;
  const protocols = [`viper.api-key.${daemon.apiKey}`];
  const socket = new WebSocket(url, protocols);
  const heard: Record<string, unknown>[] = [];
  const ended = Promise.withResolvers<CloseEvent>();
  socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
  socket.onclose = (event) => ended.resolve(event);
  socket.onerror = () => {};
  const opened = new Promise<void>((resolve) => socket.onopen = () => resolve());
  return { socket, heard, opened, ended: ended.promise };
}

Deno.test("viper serve keeps and follows what agent, browser and console write", async () => {
  await using daemon = await withVm();
  const stop = new AbortController();
  const followed = await daemon.fetch("/api/v1/vms/a/logs?follow=true&stream=browser&tail=0", {
    signal: stop.signal,
  });
  const lines = readLogStream(followed.body as ReadableStream<Uint8Array>);
  await say(daemon, "see https://user:secret@a.test/?k=secret");
  for await (const told of lines) {
    if (!("line" in told) || !told.line.includes("see ")) continue;
    assert.match(told.line, /see https:\/\/\*\*\*@a\.test\/\?\*\*\*/);
    break;
  }
  stop.abort();
  await until("all streams", async () => {
    const { lines: kept } = await daemon.client.logs.read({ name: "a" });
    return new Set(kept.map(({ stream }) => stream)).size === 3;
  });
  const files = () => [...Deno.readDirSync(`${daemon.stateDir}/logs`)].map(({ name }) => name);
  for (const name of files()) {
    assert.ok(name.startsWith(daemon.vmId), name);
    assert.ok(!Deno.readTextFileSync(`${daemon.stateDir}/logs/${name}`).includes("secret"), name);
  }
  await daemon.client.vms.delete({ name: "a" });
  await until("the logs to be gone", () => files().length === 0);
});

Deno.test("a WebSocket of logs tells lines as earlier versions did, and ends with the daemon", async () => {
  await using daemon = await withVm();
  const { socket, heard, opened, ended } = openSocket(daemon, "/ws/v1/vms/a/logs");
  await opened;
  assert.equal(socket.protocol, `viper.api-key.${daemon.apiKey}`);
  await say(daemon, "hello there");
  await until("the line", () => heard.some(({ line }) => String(line).includes("hello there")));
  const last = heard.find(({ line }) => String(line).includes("hello there"));
  assert.deepEqual(Object.keys(last ?? {}).sort(), ["line", "name", "stream", "timestamp"]);
  assert.deepEqual([last?.["name"], last?.["stream"]], ["a", "browser"]);
  const stopped = daemon.stop();
  assert.equal((await ended).code, 1001);
  assert.equal(await stopped, 0);
});

Deno.test("a WebSocket of logs begins with a tail when asked, of one stream when named", async () => {
  await using daemon = await withVm();
  await say(daemon, "hello there");
  const path = "/ws/v1/vms/a/logs?tail=5&stream=agent";
  const { socket, heard, ended } = openSocket(daemon, path);
  await until("the tail", () => heard.length > 0);
  assert.deepEqual(new Set(heard.map(({ stream }) => stream)), new Set(["agent"]));
  socket.close();
  await ended;
});

Deno.test("a WebSocket of a VM that does not run is closed with 1013, others are refused", async () => {
  await using daemon = await withVm();
  await daemon.client.vms.stop({ name: "a" });
  const { ended } = openSocket(daemon, "/ws/v1/vms/a/logs");
  const { code, reason } = await ended;
  assert.deepEqual([code, reason], [1013, "vm not ready"]);
  for (const path of ["/ws/v1/vms/none/logs", "/ws/v1/vms/a/logs?tail=x"]) {
    const { heard, ended } = openSocket(daemon, path);
    assert.ok([0, 1006].includes((await ended).code), path);
    assert.deepEqual(heard, []);
  }
  const plain = await daemon.fetch("/ws/v1/vms/a/logs");
  assert.equal((await plain.json()).code, "invalid_request");
});

/**
 * The real daemon's doors: what a user gets without a word, what others need, over TCP, TLS and the
 * Unix socket; and what stays behind.
 */
import assert from "node:assert/strict";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { makeCertificate } from "./certificate.ts";

const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const VIPER = new URL("../../dist/viper", import.meta.url).pathname;

/** Runs the command line as the daemon's own user does, in an environment with nothing else. */
async function viper(
  daemon: DaemonProcess,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const { PATH = "", HOME = "" } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(VIPER, {
    args: [...args],
    clearEnv: true,
    env: { PATH, HOME, VIPER_DB_PATH: `${daemon.stateDir}/state.db`, ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

const modeOf = (path: string) => (Deno.lstatSync(path).mode ?? 0) & 0o777;

async function overSocket(path: string, headers: HeadersInit = {}): Promise<number> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  const response = await fetch("http://viper/api/v1/keys", { client, headers });
  await response.body?.cancel();
  return response.status;
}

async function status(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

Deno.test("viper works for the daemon's own user with nothing typed, and for nobody else", async () => {
  await using daemon = await startDaemon(LOCAL);
  assert.equal((await viper(daemon, ["vms", "list"])).out, "none\n");
  assert.equal((await viper(daemon, ["--api", daemon.url, "vms", "list"])).out, "none\n");
  const other = { VIPER_DB_PATH: "/nowhere/state.db" };
  const refused = await viper(daemon, ["--api", daemon.url, "vms", "list"], other);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /no api key\n.*viper keys create/);
  assert.equal(await status(fetch(`${daemon.url}/api/v1/vms`)), 401);
  assert.equal(await status(fetch(`${daemon.url}/healthz`)), 200);
});

Deno.test("viper keys makes a key that works until it is deleted", async () => {
  await using daemon = await startDaemon(LOCAL);
  const made = await viper(daemon, ["keys", "create", "ci", "--role", "viewer", "--json"]);
  const { id, key } = JSON.parse(made.out);
  const asCi = (args: string[]) =>
    viper(daemon, ["--api", daemon.url, ...args], { VIPER_API_KEY: key });
  assert.equal((await asCi(["vms", "list"])).code, 0);
  const create = await asCi(["vms", "create", "a"]);
  assert.match(create.err, /Cannot do vms.create as "ci": it needs the role operator/);
  const file = `${daemon.stateDir}/ci.key`;
  Deno.writeTextFileSync(file, `${key}\n`);
  const named = ["--api", daemon.url, "--api-key-file", file, "keys", "list"];
  assert.match((await viper(daemon, named)).err, /needs the role admin/);
  assert.equal((await viper(daemon, ["keys", "delete", id])).code, 0);
  assert.match((await asCi(["vms", "list"])).err, /invalid api key/);
  const { records } = await daemon.client.audit.list({});
  assert.deepEqual(
    records.map(({ principal, operation, outcome }) => `${principal} ${operation} ${outcome}`),
    ["(socket) keys.delete ok", "ci vms.create forbidden", "(socket) keys.create ok"],
  );
  assert.ok(!JSON.stringify([daemon.log, records]).includes(key.slice(21)), "logs have no key");
});

Deno.test("viper serve keeps its key and its socket to its own user", async () => {
  const daemon = await startDaemon(LOCAL);
  const [keyFile, socket] = [`${daemon.stateDir}/admin.key`, `${daemon.stateDir}/viper.sock`];
  assert.deepEqual([modeOf(keyFile), modeOf(socket)], [0o600, 0o600]);
  assert.equal(await overSocket(socket), 200);
  assert.equal(await overSocket(socket, { origin: "http://evil.test" }), 403);
  assert.equal(await daemon.stop(), 0);
  assert.throws(() => Deno.lstatSync(socket), Deno.errors.NotFound);
  await using again = await startDaemon(LOCAL, daemon.stateDir);
  assert.equal(again.apiKey, daemon.apiKey);
});

Deno.test("viper serve replaces the socket of a daemon that was killed, and a lost key", async () => {
  const daemon = await startDaemon(LOCAL);
  const socket = `${daemon.stateDir}/viper.sock`;
  await daemon.kill();
  assert.ok(Deno.lstatSync(socket).isSocket);
  Deno.removeSync(`${daemon.stateDir}/admin.key`);
  await using again = await startDaemon(LOCAL, daemon.stateDir);
  assert.equal(await overSocket(socket), 200);
  assert.notEqual(again.apiKey, daemon.apiKey);
  const old = { authorization: `Bearer ${daemon.apiKey}` };
  assert.equal(await status(again.fetch("/api/v1/vms", { headers: old })), 401);
  assert.equal(await status(again.fetch("/api/v1/vms")), 200);
});

Deno.test("viper serve --insecure-loopback asks for no key, but not a foreign page", async () => {
  await using daemon = await startDaemon([...LOCAL, "--insecure-loopback"]);
  const list = `${daemon.url}/api/v1/vms`;
  assert.equal(await status(fetch(list)), 200);
  assert.equal(await status(fetch(list, { headers: { origin: "http://evil.test" } })), 403);
  assert.ok(
    daemon.log.some(({ level, message }) =>
      level === "warn" && String(message).includes("--insecure-loopback")
    ),
  );
});

Deno.test("viper serve --allow-cidr keeps others out of every route, and refuses to guess", async () => {
  const outside = [...LOCAL, "--allow-cidr", "10.0.0.0/8"];
  await using daemon = await startDaemon(outside);
  for (const path of ["/healthz", "/api/v1/vms", "/nowhere"]) {
    const response = await daemon.fetch(path);
    assert.deepEqual([response.status, (await response.json()).code], [403, "forbidden_peer"]);
  }
  assert.equal(await overSocket(`${daemon.stateDir}/viper.sock`), 200);
  for (const flag of ["--allow-cidr", "--trusted-proxies"]) {
    const state = await Deno.makeTempDir();
    await assert.rejects(startDaemon([...LOCAL, flag, "10.0.0.0/33"], state), /did not start/);
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("viper serve speaks HTTPS with a certificate, and refuses to start without it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "viper-tls-" });
  try {
    const made = await makeCertificate(folder);
    if (made === null) {
      return console.log("skipped: openssl, which makes the certificate, is missing");
    }
    await using daemon = await startDaemon([
      ...[...LOCAL, "--tls-cert", made.cert, "--tls-key", made.key],
    ]);
    assert.match(daemon.url, /^https:/);
    using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(made.cert)] });
    const headers = { authorization: `Bearer ${daemon.apiKey}` };
    const list = `${daemon.url}/api/v1/vms`;
    assert.equal(await status(fetch(list, { client, headers })), 200);
    assert.equal(await status(fetch(list, { client })), 401);
    const state = await Deno.makeTempDir();
    for (const cert of [`${folder}/missing.pem`, made.key]) {
      const flags = [...LOCAL, "--tls-cert", cert, "--tls-key", made.key];
      await assert.rejects(startDaemon(flags, state), /did not start.*tls-cert|VIPER_TLS_CERT/);
    }
    await Deno.remove(state, { recursive: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

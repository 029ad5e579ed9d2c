/**
 * DevTools through the daemon on runtime local, held against the same Chrome reached directly:
 * what its HTTP endpoints answer, the largest messages, many clients, TLS, the Unix socket, and a
 * key that ends while its client is connected.
 */
import assert from "node:assert/strict";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { residentMb } from "../process_memory.ts";
import { BareClient } from "./bare_client.ts";
import { makeCertificate } from "./certificate.ts";

const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const PATH = "/api/v1/vms/a/devtools";
const READY_TIMEOUT_MS = 30_000;
/** What Chrome sends at most in a message is 256 MiB, and takes 100 MB. */
const LARGEST_OUT_BYTES = 250_000_000;
const LARGEST_IN_BYTES = 90_000_000;
/** What the daemon may grow by, whatever passes through it. */
const GROWTH_MB_MAX = 64;
const CLIENTS = 12;
const CALLS = 30;

Deno.test("DevTools on the wire", async (test) => {
  await using daemon = await startDaemon(LOCAL);
  const chrome = await startVm(daemon);

  const revoked = loseKey(daemon);
  await test.step("answer HTTP as Chrome does", () => answersAlike(daemon, chrome));
  await test.step("open any address by /json/new", () => opensPages(daemon, chrome));
  await test.step("let in who has a key in the query alone", async () => {
    const told = await fetch(`${daemon.url}${PATH}/json/version?api_key=${daemon.apiKey}`);
    const { pathname, search } = new URL((await told.json()).webSocketDebuggerUrl);
    using client = await connect(daemon, { authorization: "" });
    assert.match(await client.upgrade(pathname + search), /^HTTP\/1\.1 101 /);
    await asksVersion(client);
  });
  await test.step("serve many clients at once", () => servesMany(daemon));
  await test.step("pass the largest messages", () => passesLargest(daemon));
  await test.step("are there on the Unix socket", async () => {
    const path = `${daemon.stateDir}/viper.sock`;
    using client = new BareClient(await Deno.connect({ transport: "unix", path }), {});
    assert.match(await client.upgrade(`${PATH}/devtools/browser`), /^HTTP\/1\.1 101 /);
    await asksVersion(client);
  });
  await test.step("end with the key that let the client in", () => revoked);
});

Deno.test("DevTools over TLS", async () => {
  const folder = await Deno.makeTempDir({ prefix: "viper-devtools-tls-" });
  try {
    const made = await makeCertificate(folder);
    if (made === null) return console.log("skipped: openssl is missing");
    await using daemon = await startDaemon([
      ...[...LOCAL, "--tls-cert", made.cert, "--tls-key", made.key],
    ]);
    const caCerts = [Deno.readTextFileSync(made.cert)];
    using http = Deno.createHttpClient({ caCerts });
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(daemon.url + path, {
        ...{ ...init, client: http },
        headers: { authorization: `Bearer ${daemon.apiKey}`, "content-type": "application/json" },
      });
    await (await ask("/api/v1/vms", { method: "POST", body: '{"name":"a"}' })).body?.cancel();
    await (await ask(`/api/v1/vms/a/wait?timeout_ms=${READY_TIMEOUT_MS}`)).body?.cancel();
    const { webSocketDebuggerUrl } = await (await ask(`${PATH}/json/version`)).json();
    const { protocol, host, hostname, port, pathname } = new URL(webSocketDebuggerUrl);
    assert.deepEqual([protocol, host], ["wss:", new URL(daemon.url).host]);
    const open = async (path: string) => {
      const conn = await Deno.connectTls({ hostname, port: Number(port), caCerts });
      const client = new BareClient(conn, { authorization: `Bearer ${daemon.apiKey}` });
      assert.match(await client.upgrade(path), /^HTTP\/1\.1 101 /);
      return client;
    };
    using client = await open(pathname);
    await asksVersion(client);
    const [page] = await (await ask(`${PATH}/json/list`)).json();
    await holdsBack(() => open(new URL(page.webSocketDebuggerUrl).pathname), daemon.pid);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Title: a request that both get, and both have to answer alike. */
const ALIKE: readonly (readonly [string, string])[] = [
  ["GET", "/json/version"],
  ["GET", "/json/version/"],
  ["HEAD", "/json/version"],
  ["GET", "/json/list"],
  ["GET", "/json"],
  ["GET", "/json/"],
  ["GET", "/json/protocol"],
  ["GET", "/json/protocol/"],
  ["GET", "/json/new"],
  ["POST", "/json/new"],
  ["GET", "/json/unknown"],
  ["GET", "/json/activate/none"],
  ["GET", "/json/close/none"],
  ["GET", "/devtools/none.html"],
];

/** The same status, type and words, but for addresses. */
async function answersAlike(daemon: DaemonProcess, chrome: string): Promise<void> {
  for (const [method, path] of ALIKE) {
    const answers = [
      await daemon.fetch(PATH + path, { method }),
      await fetch(chrome + path, {
        method,
      }),
    ];
    const [through, direct] = await Promise.all(answers.map(async (answer) => [
      answer.status,
      answer.headers.get("content-type"),
      (await answer.text()).replaceAll(
        /"(devtoolsFrontendUrl|webSocketDebuggerUrl)": "[^"]*",?/g,
        "",
      )
        .replaceAll(/\s/g, ""),
    ]));
    assert.deepEqual(through, direct, `${method} ${path}`);
  }
}

/** Raw and encoded, with and without what a URL may have. */
const ADDRESSES = [
  "about:blank",
  "data:text/html,<title>made</title>?a=1&b=%20",
  encodeURIComponent("data:text/html,<title>made</title>?a=1&b=%20#part"),
];

async function opensPages(daemon: DaemonProcess, chrome: string): Promise<void> {
  const open = async (ask: typeof daemon.fetch, route: string, address: string) => {
    const made = await ask(`${route}/json/new?${address}`, { method: "PUT" });
    const { id, url, webSocketDebuggerUrl } = await made.json();
    assert.ok(webSocketDebuggerUrl.includes(`${route}/devtools/page/${id}`));
    const closed = await ask(`${route}/json/close/${id}`);
    assert.equal(await closed.text(), "Target is closing");
    return url;
  };
  for (const address of ADDRESSES) {
    const direct = await open((path, init) => fetch(chrome + path, init), "", address);
    for (const route of [PATH, PATH.replace("/api/v1", "/ws/v1")]) {
      assert.equal(await open(daemon.fetch, route, address), direct);
    }
  }
}

async function servesMany(daemon: DaemonProcess): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, async (_, at) => {
    using client = await connect(daemon);
    assert.match(await client.upgrade(`${PATH}/devtools/browser`), /^HTTP\/1\.1 101 /);
    for (let id = 1; id <= CALLS; id++) await client.send({ id, method: "Browser.getVersion" });
    for (let id = 1; id <= CALLS; id++) {
      assert.ok((await client.next())?.text.startsWith(`{"id":${id},`), `client ${at}`);
    }
  }));
}

async function passesLargest(daemon: DaemonProcess): Promise<void> {
  const [target] = await (await daemon.fetch(`${PATH}/json/list`)).json();
  using client = await connect(daemon);
  assert.match(await client.upgrade(`${PATH}/devtools/page/${target.id}`), /^HTTP\/1\.1 101 /);
  const before = residentMb(daemon.pid);
  const evaluate = async (id: number, expression: string) => {
    const params = { expression, returnByValue: true };
    await client.send({ id, method: "Runtime.evaluate", params });
    return await client.next();
  };
  const out = await evaluate(1, `"x".repeat(${LARGEST_OUT_BYTES})`);
  assert.ok((out?.length ?? 0) > LARGEST_OUT_BYTES);
  const back = await evaluate(2, `"${"y".repeat(LARGEST_IN_BYTES)}".length`);
  assert.equal(JSON.parse(back?.text ?? "").result.result.value, LARGEST_IN_BYTES);
  const growth = residentMb(daemon.pid) - before;
  assert.ok(growth < GROWTH_MB_MAX, `the daemon grew by ${growth} MB`);
}

/** What a client over TLS does not read is not read from Chrome either. */
async function holdsBack(open: () => Promise<BareClient>, daemonPid: number): Promise<void> {
  using client = await open();
  using other = await open();
  const before = residentMb(daemonPid);
  const large = { expression: `"x".repeat(${LARGEST_OUT_BYTES / 2})`, returnByValue: true };
  await client.send({ id: 1, method: "Runtime.evaluate", params: large });
  await client.read(/xxxx/);
  // Its renderer answers another only when it has sent all of that.
  await other.send({ id: 2, method: "Runtime.evaluate", params: { expression: "7" } });
  assert.match((await other.next())?.text ?? "", /"value":7/);
  const growth = residentMb(daemonPid) - before;
  assert.ok(growth < GROWTH_MB_MAX, `the daemon grew by ${growth} MB`);
}

/** The check comes every few seconds: other steps run meanwhile. */
async function loseKey(daemon: DaemonProcess): Promise<void> {
  const { key, id } = await daemon.client.keys.create({ name: "guest", role: "operator" });
  using client = await connect(daemon, { authorization: `Bearer ${key}` });
  assert.match(await client.upgrade(`${PATH}/devtools/browser`), /^HTTP\/1\.1 101 /);
  await asksVersion(client);
  await daemon.client.keys.delete({ id });
  assert.equal(await client.next(), null);
}

async function asksVersion(client: BareClient): Promise<void> {
  await client.send({ id: 1, method: "Browser.getVersion" });
  assert.match((await client.next())?.text ?? "", /"product":"HeadlessChrome/);
}

/** Starts VM "a" and returns the address of its Chrome itself. */
async function startVm(daemon: DaemonProcess): Promise<string> {
  await daemon.client.vms.create({ name: "a" });
  await daemon.client.vms.wait({ name: "a", timeout_ms: READY_TIMEOUT_MS });
  const told = await daemon.fetch("/api/v1/vms/a/agent/v1/devtools");
  const { address, port } = await told.json();
  return `http://${address}:${port}`;
}

async function connect(
  daemon: DaemonProcess,
  headers: Readonly<Record<string, string>> = {},
): Promise<BareClient> {
  const { hostname, port, host } = new URL(daemon.url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  return new BareClient(conn, { host, authorization: `Bearer ${daemon.apiKey}`, ...headers });
}

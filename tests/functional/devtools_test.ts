/**
 * DevTools through the real daemon on runtime local: what comes back, who is let in, what ends a
 * connection, and the same on a port of the command line's. What clients do with it is in
 * `tests/clients/`.
 */
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { vmEndpoint } from "../clients/both_ways.ts";
import { startProxy } from "../clients/proxy_port.ts";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { residentMb } from "../process_memory.ts";
import { BareClient } from "./bare_client.ts";
import { reached } from "./reached.ts";

const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const PATH = "/api/v1/vms/a/devtools";
/** What a process may grow by while it passes 200 MB on. */
const GROWTH_MB_MAX = 64;
const VERSION = { id: 1, method: "Browser.getVersion" };

Deno.test({
  name: "DevTools of a VM",
  // Puppeteer keeps timers of its own for a while after it has disconnected.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (test) => {
    await using daemon = await startDaemon([...LOCAL, "--trusted-proxies", "127.0.0.1"]);
    const { url: browserURL, headers } = await vmEndpoint(daemon, "a");

    await test.step("tell addresses by which the client came", () => tellsAddresses(daemon));
    await test.step("refuse whom they do not know, and what is not there", () => refuses(daemon));
    await test.step("take a WebSocket on a connection that was used before", async () => {
      using connection = await open(daemon);
      const plain = await connection.ask(`GET ${PATH}/json/version HTTP/1.1`);
      assert.match(plain, /^HTTP\/1\.1 200 /);
      await connection.read(/\n\}/);
      assert.match(await connection.upgrade(`${PATH}/devtools/browser`), /^HTTP\/1\.1 101 /);
      await connection.send(VERSION);
      assert.match((await connection.next())?.text ?? "", /"product":"HeadlessChrome/);
    });
    await test.step("answer Browser.close and keep the browser", async () => {
      const [one, other] = await Promise.all(
        [1, 2].map(() => puppeteer.connect({ browserURL, headers })),
      );
      const page = await other!.newPage();
      await one!.close();
      assert.equal(await page.evaluate("6 * 7"), 42);
      await page.close();
      await other!.disconnect();
    });
    await test.step("do not read on for a client that does not", () => holdsBack(daemon));
    await test.step("are served by the command line without a key", () => proxies(daemon));
    await test.step("end with Chrome, and lead to the next", async () => {
      const browser = await puppeteer.connect({ browserURL, headers });
      const gone = new Promise((resolve) => browser.once("disconnected", resolve));
      const cdp = await browser.target().createCDPSession();
      await Promise.all([gone, cdp.send("Browser.crash").catch(() => {})]);
      await reached(async () => {
        using next = await open(daemon);
        const answer = await next.upgrade(`${PATH}/devtools/browser`);
        if (!answer.startsWith("HTTP/1.1 101 ")) return undefined; // It is not up yet.
        await next.send(VERSION);
        return /"product":"HeadlessChrome/.exec((await next.next())?.text ?? "") ?? undefined;
      });
    });
    await test.step("end with the VM", async () => {
      const browser = await puppeteer.connect({ browserURL, headers });
      const gone = new Promise((resolve) => browser.once("disconnected", resolve));
      await daemon.client.vms.delete({ name: "a" });
      await gone;
    });
  },
});

async function tellsAddresses(daemon: DaemonProcess): Promise<void> {
  const { host } = new URL(daemon.url);
  const address = async (path: string, headers: Record<string, string> = {}) => {
    const response = await daemon.fetch(path, { headers });
    const told = await response.json();
    return String((Array.isArray(told) ? told[0] : told).webSocketDebuggerUrl)
      .replace(/[0-9a-f-]{36}|[0-9A-F]{32}/, "ID").replace(/ticket=.*/, "ticket=…");
  };
  assert.equal(await address(`${PATH}/json/version`), `ws://${host}${PATH}/devtools/browser/ID`);
  assert.equal(await address(`${PATH}/json/version/`), `ws://${host}${PATH}/devtools/browser/ID`);
  assert.equal(await address(`${PATH}/json`), `ws://${host}${PATH}/devtools/page/ID`);
  const older = "/ws/v1/vms/a/devtools";
  assert.equal(await address(`${older}/json/list`), `ws://${host}${older}/devtools/page/ID`);
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "viper.example" };
  assert.equal(
    await address(`${PATH}/json/version`, forwarded),
    `wss://viper.example${PATH}/devtools/browser/ID`,
  );
  const [made, ticket] = [await madePage(daemon), await ticketOf(daemon)];
  const withTicket = await fetch(`${daemon.url}${PATH}/json/list?ticket=${ticket}`);
  const targets: { webSocketDebuggerUrl: string }[] = await withTicket.json();
  assert.ok(targets.length >= 2);
  // A ticket is for one connection, so each has its own.
  for (const { webSocketDebuggerUrl } of targets) {
    assert.match(webSocketDebuggerUrl, /\?ticket=vpt_/);
    assert.ok(!webSocketDebuggerUrl.includes(ticket));
    using connection = await open(daemon, false);
    const { pathname, search } = new URL(webSocketDebuggerUrl);
    assert.match(await connection.upgrade(pathname + search), /^HTTP\/1\.1 101 /);
  }
  await (await daemon.fetch(`${PATH}/json/close/${made}`)).body?.cancel();
}

async function madePage(daemon: DaemonProcess): Promise<string> {
  const made = await daemon.fetch(`${PATH}/json/new?about:blank`, { method: "PUT" });
  return (await made.json()).id;
}

async function ticketOf(daemon: DaemonProcess): Promise<string> {
  return (await daemon.client.tickets.create({})).ticket;
}

async function refuses(daemon: DaemonProcess): Promise<void> {
  const { key } = await daemon.client.keys.create({ name: "viewer", role: "viewer" });
  const page = `${PATH}/devtools/page/none`;
  const rows: readonly (readonly [string, Record<string, string>, number, string])[] = [
    [page, { authorization: "" }, 401, "unauthorized"],
    [page, { authorization: `Bearer ${key}` }, 403, "forbidden"],
    [page, { origin: "http://evil.example" }, 403, "forbidden_origin"],
    [page, {}, 502, "devtools_refused"],
    [page.replace("/a/", "/b/"), {}, 404, "vm_not_found"],
  ];
  for (const [path, headers, status, code] of rows) {
    using connection = await open(daemon);
    const answer = await connection.upgrade(path, headers);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), code);
    await connection.read(new RegExp(`"code":"${code}"`));
  }
}

/** Chrome may send for as long as it likes: neither daemon nor agent grows by it. */
async function holdsBack(daemon: DaemonProcess): Promise<void> {
  const { pid = 0 } = await daemon.client.vms.get({ name: "a" });
  const both = [daemon.pid, pid];
  const [target] = await (await daemon.fetch(`${PATH}/json/list`)).json();
  using connection = await open(daemon);
  assert.match(await connection.upgrade(`${PATH}/devtools/page/${target.id}`), /^HTTP\/1\.1 101 /);
  const before = both.map(residentMb);
  const expression = "'x'.repeat(50e6)";
  const params = { expression, returnByValue: true };
  for (let id = 1; id <= 4; id++) {
    await connection.send({ id, method: "Runtime.evaluate", params });
  }
  await connection.read(/xxxx/);
  // Its renderer answers another only when it has sent all of these.
  using other = await open(daemon);
  await other.upgrade(`${PATH}/devtools/page/${target.id}`);
  await other.send({ id: 7, method: "Runtime.evaluate", params: { expression: "7" } });
  assert.match((await other.next())?.text ?? "", /"value":7/);
  const growth = both.map((pid, at) => residentMb(pid) - (before[at] ?? 0));
  assert.ok(growth.every((mb) => mb < GROWTH_MB_MAX), `daemon and agent grew by ${growth} MB`);
}

async function proxies(daemon: DaemonProcess): Promise<void> {
  await using proxy = await startProxy(daemon, "a");
  const browser = await puppeteer.connect({ browserURL: proxy.url });
  assert.ok(browser.wsEndpoint().startsWith(proxy.url.replace("http", "ws")));
  const page = await browser.newPage();
  assert.equal(await page.evaluate("6 * 7"), 42);
  await page.close();
  await browser.disconnect();
  const foreign = await fetch(`${proxy.url}/json/list`, {
    headers: { origin: "http://evil.example" },
  });
  assert.equal(foreign.status, 403);
  await foreign.body?.cancel();
  const policy = async (answer: Response) => {
    await answer.body?.cancel();
    return answer.headers.get("content-security-policy") ?? "";
  };
  const inspector = "/devtools/inspector.html";
  assert.equal(await policy(await daemon.fetch(PATH + inspector)), "sandbox");
  assert.match(await policy(await fetch(proxy.url + inspector)), /^default-src 'self' [^*]*$/);
}

/** A bare connection to the API. */
async function open(daemon: DaemonProcess, hasKey = true): Promise<BareClient> {
  const { hostname, port, host } = new URL(daemon.url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  const authorization = hasKey ? `Bearer ${daemon.apiKey}` : "";
  return new BareClient(conn, { host, authorization });
}

/**
 * Goal: a downloaded file of any size leaves the guest through daemon and command line without
 * being held in memory, and DevTools clients that come and go take no download from Viper.
 * Method: the real daemon on runtime local, a file of 200 MB, Playwright and Puppeteer.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import type { Download } from "../../protocol/downloads.ts";
import { vmEndpoint } from "../clients/both_ways.ts";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { residentMb } from "../process_memory.ts";
import { serveSite, type Site } from "./agent_fixture.ts";
import { reached } from "./reached.ts";

const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const VIPER = new URL("../../dist/viper", import.meta.url).pathname;
const CHUNK = crypto.getRandomValues(new Uint8Array(64 * 1024));
const CHUNKS = 200 * 16;
/** What daemon and agent may hold more while a file of 200 MB passes through. */
const GROWTH_MB_MAX = 100;

const SITE: Site = {
  "/": `<title>Page</title><link rel="icon" href="data:,"><a id="small" href="/small">a</a>`,
  "/small": () => file("small", "small.txt"),
  "/big": () => {
    let left = CHUNKS;
    const pull = (controller: ReadableStreamDefaultController) =>
      left-- > 0 ? controller.enqueue(CHUNK) : controller.close();
    return file(new ReadableStream({ pull }), "big.bin");
  },
};

function file(body: BodyInit, name: string): Response {
  return new Response(body, {
    headers: { "content-disposition": `attachment; filename="${name}"` },
  });
}

Deno.test({
  name: "downloads of a VM",
  // The clients keep timers of their own for a while after they have disconnected.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await using site = serveSite(SITE);
    await using daemon = await startDaemon(LOCAL);
    const { url: browserURL, headers } = await vmEndpoint(daemon, "a");
    const browser = daemon.client.browser("a");
    const click = () => clickSmall(daemon, site.url);

    await t.step("are fetched by the command line, whatever their size", async () => {
      await assert.rejects(browser.navigate({ url: `${site.url}/big` }), {
        code: "download_started",
      });
      const { id } = await browser.downloadsWait({});
      const { pid = 0 } = await daemon.client.vms.get({ name: "a" });
      const agents = [daemon.pid, pid];
      const before = agents.map(residentMb);
      const out = `${daemon.stateDir}/big.bin`;
      const fetching = viper(daemon, ["downloads-fetch", "a", id, "--out", out, "--json"]);
      const peaks = [...before];
      const stop = new AbortController();
      const watching = watch(
        () => agents.forEach((pid, at) => peaks[at] = Math.max(peaks[at] ?? 0, residentMb(pid))),
        stop,
      );
      assert.deepEqual(JSON.parse(await fetching), {
        file: out,
        byte_length: CHUNKS * CHUNK.length,
      });
      stop.abort();
      await watching;
      const growth = peaks.map((peak, at) => peak - (before[at] ?? 0));
      assert.ok(growth.every((mb) => mb < GROWTH_MB_MAX), `daemon and agent grew by ${growth} MB`);
      assert.equal(await hashOf(out), hashOfSent());
    });

    await t.step("end where they began when nobody reads on", async () => {
      const { downloads: [big] } = await browser.downloadsList({});
      const response = await browser.downloadsFetch({ id: big?.id ?? "" });
      const reader = response.body?.getReader();
      assert.ok(((await reader?.read())?.value?.length ?? 0) > 0);
      await reader?.cancel();
      await browser.downloadsDelete({ id: big?.id ?? "" });
    });

    await t.step("are refused as a client wants, until it leaves", async () => {
      const client = await puppeteer.connect({ browserURL, headers });
      const cdp = await client.target().createCDPSession();
      await cdp.send("Browser.setDownloadBehavior", { behavior: "deny" });
      assert.equal((await click()).state, "canceled");
      await client.disconnect();
      await reached(async () => (await click()).state === "completed" ? true : undefined);
    });

    await t.step("of Playwright are Playwright's, and Viper's", async () => {
      const client = await chromium.connectOverCDP(browserURL, { headers });
      for (const context of [client.contexts()[0]!, await client.newContext()]) {
        await browser.downloadsClear({});
        const page = await context.newPage();
        await page.goto(`${site.url}/`);
        const [download] = await Promise.all([page.waitForEvent("download"), page.click("#small")]);
        const chunks = [];
        for await (const chunk of await download.createReadStream()) chunks.push(chunk);
        assert.equal(chunks.join(""), "small");
        const { id, suggested_filename } = await browser.downloadsWait({});
        assert.equal(suggested_filename, "small.txt");
        assert.equal(await (await browser.downloadsFetch({ id })).text(), "small");
      }
      await client.close();
      await reached(async () => (await click()).state === "completed" ? true : undefined);
    });
  },
});

Deno.test({
  name: "downloads are Viper's again when a client's daemon was killed",
  // As above.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using site = serveSite(SITE);
    const daemon = await startDaemon(LOCAL);
    const { url: browserURL, headers } = await vmEndpoint(daemon, "a");
    const client = await puppeteer.connect({ browserURL, headers });
    const cdp = await client.target().createCDPSession();
    await cdp.send("Browser.setDownloadBehavior", { behavior: "deny" });
    assert.equal((await clickSmall(daemon, site.url)).state, "canceled");
    await daemon.kill();
    await using again = await startDaemon(LOCAL, daemon.stateDir);
    await reached(async () =>
      (await clickSmall(again, site.url)).state === "completed" ? true : undefined
    );
  },
});

async function clickSmall(daemon: DaemonProcess, siteUrl: string): Promise<Download> {
  const browser = daemon.client.browser("a");
  await browser.navigate({ url: `${siteUrl}/` });
  await browser.click({ selector: "#small" });
  return await browser.downloadsWait({});
}

async function viper({ url, apiKey }: DaemonProcess, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(VIPER, {
    args: ["--api", url, "browser", ...args],
    env: { VIPER_API_KEY: apiKey },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function watch(look: () => void, { signal }: AbortController): Promise<void> {
  while (!signal.aborted) {
    look();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of (await Deno.open(path)).readable) hash.update(chunk);
  return hash.digest("hex");
}

function hashOfSent(): string {
  const hash = createHash("sha256");
  for (let at = 0; at < CHUNKS; at++) hash.update(CHUNK);
  return hash.digest("hex");
}

/**
 * Goal: what pages download is kept within bounds, told, waited for, fetched and deleted, whoever
 * else drives the browser, and also when Chrome dies.
 * Method: a real agent and Chrome, a site whose files come whole, never end, or break off.
 */
import assert from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { DOWNLOADS_BYTES_MAX } from "../../agent/downloads/downloads.ts";
import type { Download } from "../../protocol/downloads.ts";
import { ViperError } from "../../protocol/problems.ts";
import { killAll, serveSite, type Site, startAgent, type TestAgent } from "./agent_fixture.ts";
import { reached } from "./reached.ts";

type Client = TestAgent["client"];

const NAME = 'naïve "日" (1).txt';
const MEGABYTE = new Uint8Array(1024 * 1024);

/** A file of which some megabytes come, and then no more: it waits, or breaks off. */
function unending(total: number, end?: (controller: ReadableStreamDefaultController) => void) {
  let left = 2;
  const body = new ReadableStream({
    pull(controller) {
      if (left-- > 0) return controller.enqueue(MEGABYTE);
      if (end === undefined) return new Promise(() => {});
      end(controller);
    },
  });
  return file(body, "part.bin", { "content-length": String(total) });
}

function file(body: BodyInit, name: string, headers: Record<string, string> = {}): Response {
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name)}`;
  return new Response(body, { headers: { "content-disposition": disposition, ...headers } });
}

const SITE: Site = {
  "/": `<title>Page</title><link rel="icon" href="data:,"><a id="named" href="/named">a</a>
    <a id="popup" href="/named" target="_blank">b</a><iframe srcdoc='<a id="inner"
    href="/named">c</a>'></iframe><a id="own" download="own.txt" href="data:,own">d</a>`,
  "/named": () => file("hello", NAME),
  "/slow": () => unending(100 * MEGABYTE.length),
  "/huge": () => unending(DOWNLOADS_BYTES_MAX + 1),
  "/unknown": () => file(new ReadableStream({ pull: () => new Promise(() => {}) }), "x"),
};

/** Goes to a file, and answers with its download. */
async function start(client: Client, url: string): Promise<Download> {
  const error = await client.navigate({ url }).then(() => assert.fail("it is a page"), (e) => e);
  assert(error instanceof ViperError, String(error));
  assert.equal(error.code, "download_started", error.message);
  const id = /as the download "([\w-]+)"/.exec(error.message)?.[1] ?? assert.fail(error.message);
  return (await client.downloadsList({})).downloads.find((one) => one.id === id)!;
}

const refusal = (work: Promise<unknown>) =>
  work.then(() => "answered", ({ code }: ViperError) => code);

Deno.test("downloads are listed, waited for, fetched and deleted", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const { id: page } = await client.pagesNew({ url: `${site.url}/` });

  await t.step("a link's, with the name that its server gives", async () => {
    await client.click({ selector: "#named" });
    const done = await client.downloadsWait({});
    const { id, started_at, ended_at = "", ...rest } = done;
    assert.ok(started_at <= ended_at);
    assert.deepEqual(rest, {
      ...{ url: `${site.url}/named`, suggested_filename: "naïve _日_ (1).txt", page },
      ...{ state: "completed", received_bytes: 5, total_bytes: 5 },
    });
    const response = await client.downloadsFetch({ id });
    assert.equal(await response.text(), "hello");
    assert.deepEqual(
      ["content-type", "content-length", "content-disposition"].map((n) => response.headers.get(n)),
      [
        "application/octet-stream",
        "5",
        `attachment; filename="na_ve ___ (1).txt"; filename*=UTF-8''na%C3%AFve%20_%E6%97%A5_%20%281%29.txt`,
      ],
    );
    assert.deepEqual((await client.downloadsList({ page })).downloads, [done]);
    assert.deepEqual((await client.downloadsList({ page: "other" })).downloads, []);
  });

  await t.step("a page's own, a frame's, a popup's", async () => {
    await client.click({ selector: "#own" });
    const own = await client.downloadsWait({});
    assert.deepEqual([own.suggested_filename, own.page], ["own.txt", page]);
    await client.evaluate({
      expression:
        `document.querySelector("iframe").contentDocument.querySelector("#inner").click()`,
    });
    assert.equal((await client.downloadsWait({})).page, page);
    await client.click({ selector: "#popup" });
    assert.equal((await client.downloadsWait({})).state, "completed");
  });

  await t.step("one that is under way, and is deleted", async () => {
    const { id } = await start(client, `${site.url}/slow`);
    // How large it is Chrome tells with the first progress.
    const slow = await reached(async () => {
      const { downloads: [first] } = await client.downloadsList({ state: "in_progress" });
      return first?.total_bytes === undefined ? undefined : first;
    });
    assert.deepEqual([slow.id, slow.total_bytes], [id, 100 * MEGABYTE.length]);
    assert.equal(await refusal(client.downloadsWait({ id, timeout_ms: 300 })), "timeout");
    assert.equal(await refusal(client.downloadsFetch({ id })), "download_not_complete");
    await client.downloadsDelete({ id });
    assert.equal(await refusal(client.downloadsFetch({ id })), "download_not_found");
  });

  await t.step("one that is larger than all may be", async () => {
    const { id } = await start(client, `${site.url}/huge`);
    const { state, reason } = await client.downloadsWait({ id });
    assert.deepEqual([state, reason?.includes(String(DOWNLOADS_BYTES_MAX))], ["failed", true]);
  });

  await t.step("none, once they are cleared", async () => {
    const { deleted } = await client.downloadsClear({});
    assert.equal(deleted, 5);
    assert.deepEqual(await client.downloadsList({}), { downloads: [], dropped: 0 });
    await reached(() => Promise.resolve(filesOf(agent).length === 0 ? true : undefined));
  });

  await t.step("not those that do not exist", async () => {
    for (const call of [client.downloadsFetch, client.downloadsDelete, client.downloadsWait]) {
      assert.equal(await refusal(call({ id: "none" })), "download_not_found");
      assert.equal(await refusal(call({ id: "../x" })), "invalid_request");
    }
    assert.equal(await refusal(client.downloadsWait({ timeout_ms: 100 })), "timeout");
  });
});

Deno.test("downloads outlive Chrome, and those under way fail with it", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const { id: whole } = await start(client, `${site.url}/named`);
  assert.equal((await client.downloadsWait({ id: whole })).state, "completed");
  const { id: slow } = await start(client, `${site.url}/slow`);
  killAll(agent.chromeProcesses());
  const { state, reason } = await client.downloadsWait({ id: slow });
  assert.deepEqual([state, reason], ["failed", "Chrome has ended"]);
  assert.equal(await (await client.downloadsFetch({ id: whole })).text(), "hello");
  await agent.announced(2);
  const { id: next } = await start(client, `${site.url}/named`);
  assert.equal((await client.downloadsWait({ id: next })).state, "completed");
  assert.deepEqual(filesOf(agent).sort(), [whole, next].sort());
});

Deno.test({
  name: "downloads are the agent's, too, when a DevTools client has them elsewhere",
  // Puppeteer keeps timers of its own for a while after it has disconnected.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using agent = await startAgent();
    await using site = serveSite(SITE);
    const { client } = agent;
    await client.pagesList({}); // Ready says nothing of who is told of downloads yet.
    const { websocket_url } = await (await agent.signedFetch(`${agent.baseUrl}/v1/devtools`))
      .json();
    const other = await puppeteer.connect({ browserWSEndpoint: websocket_url });
    const cdp = await other.target().createCDPSession();
    const downloadPath = `${agent.tempDir}/client`;
    await cdp.send("Browser.setDownloadBehavior", { behavior: "allowAndName", downloadPath });
    const { id } = await start(client, `${site.url}/named`);
    await client.downloadsWait({ id });
    assert.equal(Deno.readTextFileSync(`${downloadPath}/${id}`), "hello", "it is the client's");
    assert.equal(await (await client.downloadsFetch({ id })).text(), "hello");
    await client.downloadsDelete({ id });
    assert.deepEqual([...Deno.readDirSync(downloadPath)], []);
    await other.disconnect();
  },
});

/** Names of the files that the agent keeps. */
function filesOf({ tempDir }: TestAgent): string[] {
  const [folder] = [...Deno.readDirSync(tempDir)].filter(({ name }) =>
    name.startsWith("viper-downloads-")
  );
  return [...Deno.readDirSync(`${tempDir}/${folder?.name}`)].map(({ name }) => name);
}

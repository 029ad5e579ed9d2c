/**
 * Goal: tools that take a DevTools endpoint work through Viper as they are, those that know a host
 * and a port on the port of `viper browsers proxy`. Method: each is driven as its users do: the
 * library by calls, MCP servers by an MCP client, Chrome's DevTools pages in another Chrome.
 */
import assert from "node:assert/strict";
import CDP from "chrome-remote-interface";
import puppeteer from "puppeteer-core";
import { startDaemon } from "../daemon_process.ts";
import { vmEndpoint } from "./both_ways.ts";
import { startChrome } from "./direct_chrome.ts";
import { startMcpServer } from "./mcp_server.ts";
import { startProxy } from "./proxy_port.ts";
import { serveSite, type Site } from "./site.ts";

const WAIT_MS = 30_000;

Deno.test({
  name: "tools that take a DevTools endpoint work through Viper",
  // Tools keep timers and connections of their own for a while after they were closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (test) => {
    await using site = serveSite();
    await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
    const { url, headers } = await vmEndpoint(daemon, "tools");
    await using proxy = await startProxy(daemon, "tools");

    await test.step("chrome-remote-interface", () => remoteInterface(proxy.url, site));
    await test.step("@playwright/mcp, with headers at the daemon", () =>
      playwrightMcp(site, {
        PLAYWRIGHT_MCP_CDP_ENDPOINT: url,
        PLAYWRIGHT_MCP_CDP_HEADERS: `authorization: ${headers.authorization}`,
      }));
    await test.step("@playwright/mcp, on a port", () =>
      playwrightMcp(site, { PLAYWRIGHT_MCP_CDP_ENDPOINT: proxy.url }));
    await test.step(
      "chrome-devtools-mcp by --browserUrl",
      () => devtoolsMcp(site, ["--browserUrl", proxy.url]),
    );
    await test.step("chrome-devtools-mcp by --wsEndpoint", async () => {
      const { webSocketDebuggerUrl } = await (await fetch(`${proxy.url}/json/version`)).json();
      await devtoolsMcp(site, ["--wsEndpoint", webSocketDebuggerUrl]);
    });
    await test.step("Chrome's DevTools pages", () => devtoolsPages(proxy.url, site));
  },
});

async function remoteInterface(proxyUrl: string, site: Site): Promise<void> {
  const { hostname: host, port } = new URL(proxyUrl);
  const at = { host, port: Number(port) };
  const made = await CDP.New({ ...at, url: `${site.url}/second` });
  const client = await CDP({ ...at, target: made });
  await client.Page.enable();
  const loaded = client.Page.loadEventFired();
  await client.Page.navigate({ url: site.url });
  await loaded;
  const { result } = await client.Runtime.evaluate({ expression: "document.title" });
  assert.equal(result.value, "Home");
  await client.close();
  assert.ok((await CDP.List(at)).some(({ id }: { id: string }) => id === made.id));
  assert.equal((await CDP.Protocol(at)).domains.some(isPage), true);
  await CDP.Close({ ...at, id: made.id });
}

function isPage({ domain }: { readonly domain: string }): boolean {
  return domain === "Page";
}

async function playwrightMcp(site: Site, env: Record<string, string>): Promise<void> {
  await using server = await startMcpServer("@playwright/mcp", [], env);
  await server.call("browser_navigate", { url: site.url });
  const tree = await server.call("browser_snapshot", {});
  const target = /button "press" \[ref=(\w+)\]/.exec(tree)?.[1];
  assert.ok(target, tree);
  await server.call("browser_click", { element: "press", target });
  assert.match(await server.call("browser_snapshot", {}), /button "clicked 1"/);
}

async function devtoolsMcp(site: Site, args: readonly string[]): Promise<void> {
  const env = { CI: "1", CHROME_DEVTOOLS_MCP_NO_UPDATE_CHECKS: "1" };
  await using server = await startMcpServer("chrome-devtools-mcp", args, env);
  const opened = await server.call("new_page", { url: site.url });
  const pageId = Number(/^(\d+): .* \[selected\]/m.exec(opened)?.[1]);
  const uid = /uid=(\S+) button "press"/.exec(await server.call("take_snapshot", { pageId }))?.[1];
  assert.ok(uid, opened);
  await server.call("click", { pageId, uid });
  assert.match(await server.call("take_snapshot", { pageId }), /button "clicked 1"/);
  await server.call("close_page", { pageId });
}

/** The elements of a page and its console, as the inspector shows them in a Chrome elsewhere. */
async function devtoolsPages(proxyUrl: string, site: Site): Promise<void> {
  const { hostname: host, port } = new URL(proxyUrl);
  const at = { host, port: Number(port) };
  const made = await CDP.New({ ...at, url: `${site.url}/second` });
  const { devtoolsFrontendUrl } = made as { readonly devtoolsFrontendUrl: string };
  assert.ok(devtoolsFrontendUrl.startsWith(`${proxyUrl}/devtools/inspector.html?`));
  await using chrome = await startChrome();
  const browser = await puppeteer.connect({ browserURL: chrome.url });
  try {
    const page = await browser.newPage();
    const refused: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) refused.push(message.text());
    });
    await page.goto(devtoolsFrontendUrl);
    await page.waitForSelector("pierce/.elements-disclosure li", { timeout: WAIT_MS });
    await page.waitForFunction(
      `[...(function* texts(root) {
        for (const element of root.querySelectorAll("*")) {
          if (element.shadowRoot) yield* texts(element.shadowRoot);
          if (element.children.length === 0) yield element.textContent;
        }
      })(document)].some((text) => text.includes("second page"))`,
      { timeout: WAIT_MS },
    );
    assert.deepEqual(refused, []);
  } finally {
    await browser.disconnect();
    await CDP.Close({ ...at, id: made.id });
  }
}

/**
 * Goal: Playwright cannot tell a VM's Chrome from one of its own. Method: each task runs on a
 * Chrome that is reached directly and on one through the daemon, and the results are equal.
 */
import assert from "node:assert/strict";
import { type Browser, chromium } from "playwright-core";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { startChrome } from "./direct_chrome.ts";
import { PLAYWRIGHT_TASKS } from "./playwright_tasks.ts";
import { serveSite, type Site } from "./site.ts";

const READY_TIMEOUT_MS = 30_000;
const TASK_TIMEOUT_MS = 20_000;

type Connect = () => Promise<Browser>;

Deno.test({
  name: "Playwright does the same through Viper as directly",
  // The client keeps timers and connections of its own for a while after it was closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (test) => {
    await using site = serveSite();
    await using chrome = await startChrome();
    await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
    const viaViper = await vmEndpoint(daemon, "client");
    const ways: readonly Connect[] = [
      () => chromium.connectOverCDP(chrome.url),
      () => chromium.connectOverCDP(viaViper),
    ];
    for (const title of Object.keys(PLAYWRIGHT_TASKS)) {
      await test.step(title, async () => {
        const [direct, proxied] = [
          await result(title, ways[0]!, site),
          await result(title, ways[1]!, site),
        ];
        assert.deepEqual(proxied, direct);
      });
    }
  },
});

async function vmEndpoint(daemon: DaemonProcess, name: string): Promise<string> {
  await daemon.client.vms.create({ name });
  await daemon.client.vms.wait({ name, timeout_ms: READY_TIMEOUT_MS });
  return `${daemon.url}/api/v1/vms/${name}/devtools?api_key=${daemon.apiKey}`;
}

/** What a task returns, or the error that it throws; both sides must not fail alike. */
async function result(title: string, connect: Connect, site: Site): Promise<unknown> {
  const browser = await connect();
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(TASK_TIMEOUT_MS);
    const done = await PLAYWRIGHT_TASKS[title]!({ browser, context, page, site, connect });
    await context.close();
    return done;
  } finally {
    await browser.close();
  }
}

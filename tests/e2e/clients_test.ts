/**
 * Goal: Playwright and Puppeteer drive the Chrome of a real VM as they drive one of their own.
 * Method: one VM under QEMU; ten tasks run there and on a Chrome of this machine, and the results
 * are equal. All tasks run in `tests/clients/`, on runtime local.
 */
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import { startChrome } from "../clients/direct_chrome.ts";
import { openWorld, PLAYWRIGHT_TASKS } from "../clients/playwright_tasks.ts";
import { FILE, serveSite } from "../clients/site.ts";
import { IMAGE_DIR, startDaemon } from "../daemon_process.ts";
import { type Ground, leavingNothing } from "../leaks.ts";
import { privateNetworkMissing } from "../private_network.ts";

/** Emulated guests share two cores. */
const READY_MS = 240_000;
const TASK_MS = 120_000;
const HOST_IP = "192.168.127.1";
const PORTS = [7780, 7781] as const;

const TASKS = [
  "goto tells status, title and final address",
  "clicks and double clicks",
  "fills, types and presses keys",
  "evaluates with arguments and promises",
  "takes a screenshot",
  "answers dialogs",
  "follows a popup",
  "works in a frame of another origin",
  "uploads a file by its path",
  // Clients read the file itself on their own machine, where a guest's is not.
  "hears of a download",
];

const skip = privateNetworkMissing();
if (skip !== null) console.log(`tests of clients in a VM are skipped: ${skip}`);

Deno.test({
  name: "clients drive the Chrome of a VM as one of their own",
  ignore: skip !== null,
  // Clients keep timers and connections of their own for a while after they were closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) => leavingNothing((ground) => clientsOf(t, ground)),
});

async function clientsOf(t: Deno.TestContext, ground: Ground): Promise<void> {
  await using daemon = await startDaemon(
    [
      ...["--runtime", "qemu", "--image-dir", IMAGE_DIR],
      ...["--guest-open-ports", PORTS.join(",")],
    ],
    ground.newFolder(),
  );
  await using site = serveSite({ hostname: HOST_IP, ports: PORTS, otherHostname: HOST_IP });
  await using chrome = await startChrome();
  await daemon.client.vms.create({ name: "a", memory_mb: 1_024 });
  await daemon.client.vms.wait({ name: "a", status: "running", timeout_ms: READY_MS });
  const base = `${daemon.url}/api/v1/vms/a/devtools`;
  const headers = { authorization: `Bearer ${daemon.apiKey}` };

  await t.step("Playwright", async (t) => {
    // One page for all tasks: to make one takes an emulated guest seconds.
    const worlds = await Promise.all([
      openWorld(() => chromium.connectOverCDP(base, { headers, timeout: TASK_MS }), site, TASK_MS),
      openWorld(() => chromium.connectOverCDP(chrome.url), site, TASK_MS),
    ]);
    for (const title of TASKS) {
      await t.step(title, async () => {
        const task = PLAYWRIGHT_TASKS[title]!;
        const [done, expected] = await Promise.all(worlds.map(task));
        assert.deepEqual(done, expected);
      });
    }
    await Promise.all(worlds.map(({ browser }) => browser.close()));
  });
  await t.step("what a page downloaded can be had from Viper", async () => {
    const browser = daemon.client.browser("a");
    const { downloads: [file] } = await browser.downloadsList({});
    assert.equal(file?.state, "completed");
    const answer = await browser.downloadsFetch({ id: file?.id ?? "" });
    assert.equal((await answer.bytes()).length, FILE.length);
  });
  await t.step("Puppeteer", async () => {
    const browser = await puppeteer.connect({
      ...{ browserURL: base, headers, protocolTimeout: TASK_MS },
    });
    const [page] = await browser.pages();
    assert.ok(page);
    await page.goto(site.url, { timeout: TASK_MS });
    await page.click("#count");
    assert.equal(await page.$eval("#count", (element) => element.textContent), "clicked 1");
    await browser.disconnect();
  });
}

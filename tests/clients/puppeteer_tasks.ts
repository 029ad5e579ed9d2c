/** What people do with Puppeteer, each as a function whose result can be compared. */
import puppeteer, { type Browser, type Page, type WebWorker } from "puppeteer-core";
import type { RunTask } from "./both_ways.ts";
import { FILE, type Site } from "./site.ts";

/** What a task works with; the page is its own, in the default context. */
export interface PuppeteerWorld {
  readonly browser: Browser;
  readonly page: Page;
  readonly site: Site;
  /** Connects once more. */
  readonly connect: () => Promise<Browser>;
  /** Let a connection in that is made otherwise. */
  readonly headers: Record<string, string>;
}

type Task = (world: PuppeteerWorld) => Promise<unknown>;

const LARGE = 100_000_000;

/** By title. */
export const PUPPETEER_TASKS: Readonly<Record<string, Task>> = {
  "goto tells status, title and final address": async ({ page, site }) => {
    const response = await page.goto(`${site.url}/moved`);
    return [response?.status(), await page.title(), new URL(page.url()).pathname];
  },
  "goto tells a failure": async ({ page }) =>
    String(await page.goto("http://127.0.0.1:1/").catch((error) => error)).includes("net::ERR_"),
  "goes back and forward and reloads": async ({ page, site }) => {
    await page.goto(site.url);
    await page.goto(`${site.url}/second`);
    await page.goBack();
    const back = await page.title();
    await page.goForward();
    await page.reload();
    return [back, await page.title()];
  },
  "clicks and double clicks": async ({ page, site }) => {
    await page.goto(site.url);
    await page.click("#count");
    await page.click("#count", { count: 2 });
    return await page.$eval("#count", (element) => element.textContent);
  },
  "finds with locators": async ({ page, site }) => {
    await page.goto(site.url);
    await page.locator("::-p-aria(press)").click();
    await page.locator("#name").fill("héllo 日本");
    return [
      await page.$eval("#count", (element) => element.textContent),
      await page.$eval("#name", (element) => (element as unknown as { value: string }).value),
    ];
  },
  "types and presses keys": async ({ page, site }) => {
    await page.goto(site.url);
    await page.type("#area", "a b");
    await page.keyboard.down("Shift");
    await page.keyboard.press("Home");
    await page.keyboard.up("Shift");
    await page.keyboard.type("c");
    return await page.evaluate("area.value");
  },
  "selects": async ({ page, site }) => {
    await page.goto(site.url);
    return await page.select("#pick", "b");
  },
  "waits for what comes late": async ({ page, site }) => {
    await page.goto(site.url);
    await page.waitForFunction("late.textContent === 'here'");
    return true;
  },
  "sees into shadow roots": async ({ page, site }) => {
    await page.goto(site.url);
    return await page.$eval(">>> #inner", (element) => element.textContent);
  },
  "evaluates with arguments and promises": async ({ page }) =>
    await page.evaluate(async (a, b) => ({ sum: await Promise.resolve(a + b) }), 2, 3),
  "tells exceptions of evaluate": async ({ page }) =>
    String(
      await page.evaluate("(() => { throw new RangeError('too far') })()").catch((error) => error),
    ),
  "calls back out of the page": async ({ page }) => {
    await page.exposeFunction("double", (value: number) => value * 2);
    return await page.evaluate("double(21)");
  },
  "runs a script before the page's": async ({ page, site }) => {
    await page.evaluateOnNewDocument("window.early = 1");
    await page.goto(site.url);
    return await page.evaluate("early");
  },
  "has the size that Puppeteer gives": async ({ page, site }) => {
    await page.goto(site.url);
    const first = await page.evaluate("[innerWidth, innerHeight]");
    await page.setViewport({ width: 333, height: 222, deviceScaleFactor: 2 });
    return [first, await page.evaluate("[innerWidth, innerHeight, devicePixelRatio]")];
  },
  "takes screenshots": async ({ page, site }) => {
    await page.goto(`${site.url}/tall`);
    return [pngSize(await page.screenshot()), pngSize(await page.screenshot({ fullPage: true }))];
  },
  "takes a screenshot of an element": async ({ page, site }) => {
    await page.goto(site.url);
    return pngSize(await (await page.$("h1"))!.screenshot());
  },
  "makes a PDF": async ({ page, site }) => {
    await page.goto(site.url);
    return new TextDecoder().decode((await page.pdf()).subarray(0, 5));
  },
  "downloads": async ({ page, site }) => {
    await page.goto(site.url);
    const bytes = await page.evaluate(async () => {
      const response = await fetch("/file.bin");
      return (await response.arrayBuffer()).byteLength;
    });
    return bytes === FILE.length;
  },
  "talks to a worker": async ({ page, site }) => {
    await page.goto(`${site.url}/worker`);
    const created = new Promise<WebWorker>((resolve) => page.once("workercreated", resolve));
    const result = await page.evaluate("work()");
    const worker = await created;
    return [new URL(worker.url()).pathname, result, await worker.evaluate("1 + 1")];
  },
  "works in a frame of another origin": async ({ page, site }) => {
    await page.goto(`${site.url}/frames`);
    const frame = await page.waitForFrame((frame) => frame.url().endsWith("/inner"));
    await (await frame.waitForSelector("#b"))!.click();
    return [
      await frame.$eval("#b", (element) => element.textContent),
      page.frames().length,
    ];
  },
  "follows a popup": async ({ page, site }) => {
    await page.goto(`${site.url}/popup`);
    const opened = new Promise<Page | null>((resolve) => page.once("popup", resolve));
    await page.click("#b");
    const popup = (await opened)!;
    await popup.waitForSelector("p");
    const title = await popup.title();
    await popup.close();
    return title;
  },
  "answers dialogs": async ({ page, site }) => {
    await page.goto(`${site.url}/dialogs`);
    const seen: string[] = [];
    page.on("dialog", async (dialog) => {
      seen.push(`${dialog.type()} ${dialog.message()} ${dialog.defaultValue()}`);
      await dialog.accept("typed").catch(() => seen.push("answered by another"));
    });
    return [await page.evaluate("ask()"), seen];
  },
  "lets a service worker answer": async ({ page, browser, site }) => {
    const registered = browser.waitForTarget((target) => target.type() === "service_worker");
    await page.goto(`${site.url}/service`);
    await page.evaluate("ready");
    const worker = await registered;
    await page.waitForFunction("navigator.serviceWorker.controller !== null");
    const made = await page.evaluate("fetch('/made').then((response) => response.text())");
    return [new URL(worker.url()).pathname, made];
  },
  "hears console and page errors": async ({ page, site }) => {
    const told = new Promise<string>((resolve) =>
      page.once("console", (message) => resolve(message.text()))
    );
    const failed = new Promise<string>((resolve) =>
      page.once("pageerror", (error) => resolve(String(error)))
    );
    await page.goto(`${site.url}/console`);
    return [await told, await failed];
  },
  "answers requests in the page's place": async ({ page, site }) => {
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (request.url().endsWith("/echo")) return request.abort();
      return request.respond({ contentType: "text/html", body: "<title>Made up</title>" });
    });
    await page.goto(`${site.url}/second`);
    const sent = await page.evaluate("fetch('/echo').then(() => 'sent', () => 'stopped')");
    return [await page.title(), sent];
  },
  "sees bodies of answers": async ({ page, site }) => {
    await page.goto(site.url);
    const [response] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith("/echo")),
      page.evaluate("fetch('/echo', { method: 'POST', body: 'sent' })"),
    ]);
    const { method, body } = await response.json();
    return [method, body];
  },
  "sends headers and logs in": async ({ page, site }) => {
    await page.setExtraHTTPHeaders({ "x-asked": "yes" });
    await page.authenticate({ username: "me", password: "secret" });
    const response = await page.goto(`${site.url}/echo`);
    const { asked } = await response!.json();
    return [asked, await (await page.goto(`${site.url}/private`))!.text()];
  },
  "sets and reads cookies": async ({ browser, site }) => {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await context.setCookie({ name: "a", value: "1", domain: "127.0.0.1" });
    const { cookie } = await (await page.goto(`${site.url}/echo`))!.json();
    const cookies = (await context.cookies()).map(({ name, value }) => [name, value]);
    await context.close();
    return [cookie, cookies];
  },
  "emulates": async ({ page, site }) => {
    await page.emulateTimezone("Asia/Tokyo");
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await page.setUserAgent({ userAgent: "phone" });
    await page.goto(site.url);
    return await page.evaluate(`[
      Intl.DateTimeFormat().resolvedOptions().timeZone,
      matchMedia("(prefers-color-scheme: dark)").matches,
      navigator.userAgent,
    ]`);
  },
  "goes offline": async ({ page, site }) => {
    await page.goto(site.url);
    await page.setOfflineMode(true);
    return await page.evaluate("fetch('/echo').then(() => 'sent', () => 'offline')");
  },
  "reads the accessibility tree": async ({ page, site }) => {
    await page.goto(`${site.url}/second`);
    const { role, name, children } = (await page.accessibility.snapshot())!;
    return [role, name, children?.map(({ role, name }) => [role, name])];
  },
  "measures": async ({ page, site }) => {
    await page.goto(site.url);
    return Object.keys(await page.metrics()).length > 5;
  },
  "records a trace": async ({ page, site }) => {
    await page.tracing.start();
    await page.goto(site.url);
    const trace = await page.tracing.stop();
    return trace !== undefined && trace.length > 1_000;
  },
  "speaks the protocol itself": async ({ page }) => {
    const cdp = await page.createCDPSession();
    const { product } = await cdp.send("Browser.getVersion");
    return product;
  },
  "lists its page among the targets": ({ browser, page }) =>
    Promise.resolve(browser.targets().includes(page.target())),
  "connects to a WebSocket address": async ({ browser, headers }) => {
    const browserWSEndpoint = browser.wsEndpoint();
    const other = await puppeteer.connect({ browserWSEndpoint, headers });
    const version = await other.version();
    await other.disconnect();
    return version;
  },
  "moves a message of 100 MB": async ({ page }) => {
    const text = await page.evaluate((length) => "x".repeat(length), LARGE);
    return text.length;
  },
  "sends a message of 10 MB": async ({ page }) =>
    await page.evaluate((text) => text.length, "y".repeat(LARGE / 10)),
  "drives 20 pages at once": async ({ browser, site }) => {
    const work = Array.from({ length: 20 }, async (_, at) => {
      const page = await browser.newPage();
      await page.goto(at % 2 === 0 ? site.url : `${site.url}/second`);
      const title = await page.title();
      await page.close();
      return title;
    });
    return await Promise.all(work);
  },
  "comes back to what it left": async ({ connect, site }) => {
    const first = await connect();
    const page = await first.newPage();
    await page.goto(`${site.url}/second`);
    await first.disconnect();
    const again = await connect();
    const pages = await again.pages();
    const left = pages.find((page) => page.url().endsWith("/second"));
    const title = await left?.title();
    await left?.close();
    await again.disconnect();
    return title;
  },
  "is not in the way of another": async ({ connect, page, site }) => {
    const other = await connect();
    const its = await other.newPage();
    await Promise.all([page.goto(site.url), its.goto(`${site.url}/second`)]);
    const titles = [await page.title(), await its.title()];
    await its.close();
    await other.disconnect();
    return titles;
  },
};

/** Width and height of a PNG (its IHDR chunk). */
function pngSize(png: Uint8Array): number[] {
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

/** Runs tasks by their titles, each with a connection and a page of its own. */
export function puppeteerTasks(timeoutMs: number, protocolTimeout: number): RunTask {
  return async (title, { url: browserURL, headers }, site) => {
    const connect = () => puppeteer.connect({ browserURL, headers, protocolTimeout });
    const browser = await connect();
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(timeoutMs);
      const done = await PUPPETEER_TASKS[title]!({ browser, page, site, connect, headers });
      await page.close();
      return done;
    } finally {
      await browser.disconnect();
    }
  };
}

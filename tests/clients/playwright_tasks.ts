/** What people do with Playwright, each as a function whose result can be compared. */
import { Buffer } from "node:buffer";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { RunTask } from "./both_ways.ts";
import { FILE, type Site } from "./site.ts";

/** What a task works with; page and context are its own. */
export interface PlaywrightWorld {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly site: Site;
  /** Connects once more. */
  readonly connect: () => Promise<Browser>;
}

type Task = (world: PlaywrightWorld) => Promise<unknown>;

const LARGE = 100_000_000;

/** By title. */
export const PLAYWRIGHT_TASKS: Readonly<Record<string, Task>> = {
  "goto tells status, title and final address": async ({ page, site }) => {
    const response = await page.goto(`${site.url}/moved`);
    return [response?.status(), await page.title(), new URL(page.url()).pathname];
  },
  "goto tells a failure": async ({ page }) => {
    const error = await page.goto("http://127.0.0.1:1/").catch((error) => error);
    return String(error).includes("ERR_");
  },
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
    await page.dblclick("#count");
    return await page.textContent("#count");
  },
  "finds by role, text and label": async ({ page, site }) => {
    await page.goto(site.url);
    await page.getByRole("button", { name: "press" }).click();
    await page.getByText("second").click();
    return await page.title();
  },
  "fills, types and presses keys": async ({ page, site }) => {
    await page.goto(site.url);
    await page.fill("#name", "héllo 日本");
    await page.locator("#area").pressSequentially("a b");
    await page.press("#area", "Shift+Home");
    await page.keyboard.type("c");
    return [await page.inputValue("#name"), await page.inputValue("#area")];
  },
  "checks and selects": async ({ page, site }) => {
    await page.goto(site.url);
    await page.check("#box");
    return [await page.isChecked("#box"), await page.selectOption("#pick", "b")];
  },
  "waits for what comes late": async ({ page, site }) => {
    await page.goto(site.url);
    await page.getByText("here").waitFor();
    return await page.textContent("#late");
  },
  "sees into shadow roots": async ({ page, site }) => {
    await page.goto(site.url);
    return await page.locator("#inner").textContent();
  },
  "evaluates with arguments and promises": async ({ page }) =>
    await page.evaluate(async ([a, b]) => ({ sum: await Promise.resolve(a! + b!) }), [2, 3]),
  "tells exceptions of evaluate": async ({ page }) => {
    const error = await page.evaluate("(() => { throw new RangeError('too far') })()")
      .catch((error) => error);
    return String(error).includes("too far");
  },
  "calls back out of the page": async ({ page }) => {
    await page.exposeFunction("double", (value: number) => value * 2);
    return await page.evaluate("double(21)");
  },
  "runs a script before the page's": async ({ page, site }) => {
    await page.addInitScript("window.early = 1");
    await page.goto(site.url);
    return await page.evaluate("early");
  },
  "takes a screenshot": async ({ page, site }) => {
    await page.goto(`${site.url}/tall`);
    return pngSize(await page.screenshot());
  },
  "takes a screenshot of the whole page": async ({ page, site }) => {
    await page.goto(`${site.url}/tall`);
    return pngSize(await page.screenshot({ fullPage: true }));
  },
  "takes a screenshot of an element": async ({ page, site }) => {
    await page.setViewportSize({ width: 500, height: 400 });
    await page.goto(site.url);
    return pngSize(await page.locator("h1").screenshot());
  },
  "makes a PDF": async ({ page, site }) => {
    await page.goto(site.url);
    return (await page.pdf()).subarray(0, 5).toString();
  },
  "hears of a download": async ({ page, site }) => {
    await page.goto(`${site.url}/download`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#d")]);
    return [download.suggestedFilename(), await download.failure()];
  },
  "downloads": async ({ page, site }) => {
    await page.goto(`${site.url}/download`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#d")]);
    let size = 0;
    for await (const chunk of await download.createReadStream()) size += chunk.length;
    return [download.suggestedFilename(), size === FILE.length];
  },
  "uploads": async ({ page, site }) => {
    await page.goto(site.url);
    const buffer = Buffer.from("text of a file");
    await page.setInputFiles("#file", [{ name: "a.txt", mimeType: "text/plain", buffer }]);
    return await page.evaluate(`(async ([file]) => [file.name, file.type, await file.text()])(
      document.querySelector("#file").files)`);
  },
  "uploads a file by its path": async ({ page, site }) => {
    await page.goto(site.url);
    const path = await Deno.makeTempFile({ suffix: ".txt" });
    try {
      await Deno.writeTextFile(path, "of the client's machine");
      await page.setInputFiles("#file", path);
      return await page.evaluate("document.querySelector('#file').files[0].text()");
    } finally {
      await Deno.remove(path);
    }
  },
  "talks to a worker": async ({ page, site }) => {
    await page.goto(`${site.url}/worker`);
    const [worker, result] = await Promise.all([
      page.waitForEvent("worker"),
      page.evaluate("work()"),
    ]);
    return [new URL(worker.url()).pathname, result, await worker.evaluate("1 + 1")];
  },
  "works in a frame of another origin": async ({ page, site }) => {
    await page.goto(`${site.url}/frames`);
    const frame = page.frameLocator("#f");
    await frame.locator("#b").click();
    return [await frame.locator("#b").textContent(), page.frames().length];
  },
  "follows a popup": async ({ page, site }) => {
    await page.goto(`${site.url}/popup`);
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#b")]);
    await popup.waitForLoadState();
    return [await popup.title(), (await popup.opener()) === page];
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
  "dismisses dialogs that nobody handles": async ({ page, site }) => {
    await page.goto(`${site.url}/dialogs`);
    return await page.evaluate("ask()");
  },
  "lets a service worker answer": async ({ page, context, site }) => {
    const registered = context.waitForEvent("serviceworker");
    await page.goto(`${site.url}/service`);
    await page.evaluate("ready");
    const worker = await registered;
    await page.waitForFunction("navigator.serviceWorker.controller !== null");
    const made = await page.evaluate("fetch('/made').then((response) => response.text())");
    return [new URL(worker.url()).pathname, made];
  },
  "hears console and page errors": async ({ page, site }) => {
    const errors = page.waitForEvent("pageerror");
    const told = page.waitForEvent("console");
    await page.goto(`${site.url}/console`);
    return [(await told).text(), (await errors).message];
  },
  "answers requests in the page's place": async ({ page, site }) => {
    await page.route(
      "**/second",
      (route) => route.fulfill({ body: "<title>Made up</title>", contentType: "text/html" }),
    );
    await page.goto(`${site.url}/second`);
    return await page.title();
  },
  "aborts requests": async ({ page, site }) => {
    await page.route("**/echo", (route) => route.abort());
    await page.goto(site.url);
    return await page.evaluate("fetch('/echo').then(() => 'sent', () => 'stopped')");
  },
  "sees requests and bodies of answers": async ({ page, site }) => {
    await page.goto(site.url);
    const [response] = await Promise.all([
      page.waitForResponse("**/echo"),
      page.evaluate("fetch('/echo', { method: 'POST', body: 'sent' })"),
    ]);
    const { method, body } = await response.json();
    return [method, body, response.request().postData()];
  },
  "sends headers of its own": async ({ page, site }) => {
    await page.setExtraHTTPHeaders({ "x-asked": "yes" });
    await page.goto(`${site.url}/echo`);
    return JSON.parse(await page.innerText("body")).asked;
  },
  "logs in by HTTP": async ({ browser, site }) => {
    const httpCredentials = { username: "me", password: "secret" };
    const context = await browser.newContext({ httpCredentials });
    const page = await context.newPage();
    await page.goto(`${site.url}/private`);
    const text = await page.innerText("body");
    await context.close();
    return text;
  },
  "sets and reads cookies": async ({ page, context, site }) => {
    await context.addCookies([{ name: "a", value: "1", url: site.url }]);
    await page.goto(`${site.url}/echo`);
    const { cookie } = JSON.parse(await page.innerText("body"));
    return [cookie, (await context.cookies()).map(({ name, value }) => [name, value])];
  },
  "takes storage from one context to another": async ({ browser, page, context, site }) => {
    await page.goto(site.url);
    await page.evaluate("localStorage.setItem('kept', 'yes')");
    const next = await browser.newContext({ storageState: await context.storageState() });
    const other = await next.newPage();
    await other.goto(site.url);
    const kept = await other.evaluate("localStorage.getItem('kept')");
    await next.close();
    return kept;
  },
  "keeps contexts apart": async ({ browser, page, site }) => {
    await page.goto(site.url);
    await page.evaluate("document.cookie = 'mine=1'");
    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(site.url);
    const cookie = await other.evaluate("document.cookie");
    await context.close();
    return cookie;
  },
  "emulates a phone elsewhere": async ({ browser, site }) => {
    const context = await browser.newContext({
      ...{ viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, hasTouch: true },
      ...{ locale: "de-DE", timezoneId: "Asia/Tokyo", colorScheme: "dark" as const },
      ...{ geolocation: { latitude: 1, longitude: 2 }, permissions: ["geolocation"] },
      userAgent: "phone",
    });
    const page = await context.newPage();
    await page.goto(site.url);
    const seen = await page.evaluate(`(async () => [
      innerWidth, devicePixelRatio, navigator.language, navigator.userAgent,
      Intl.DateTimeFormat().resolvedOptions().timeZone,
      matchMedia("(prefers-color-scheme: dark)").matches,
      await new Promise((resolve) =>
        navigator.geolocation.getCurrentPosition(({ coords }) => resolve(coords.latitude))),
    ])()`);
    await context.close();
    return seen;
  },
  "goes offline": async ({ page, context, site }) => {
    await page.goto(site.url);
    await context.setOffline(true);
    return await page.evaluate("fetch('/echo').then(() => 'sent', () => 'offline')");
  },
  "reads the accessibility tree": async ({ page, site }) => {
    await page.goto(`${site.url}/second`);
    return await page.locator("body").ariaSnapshot();
  },
  "uses the default context and its page": async ({ browser, site }) => {
    const [context] = browser.contexts();
    const [page] = context!.pages();
    await page!.goto(`${site.url}/second`);
    const title = await page!.title();
    await page!.goto("about:blank");
    return title;
  },
  "moves a message of 100 MB": async ({ page }) => {
    const text = await page.evaluate((length) => "x".repeat(length), LARGE);
    return text.length;
  },
  "sends a message of 10 MB": async ({ page }) =>
    await page.evaluate((text) => text.length, "y".repeat(LARGE / 10)),
  "drives 20 pages at once": async ({ context, site }) => {
    const titles = await Promise.all(Array.from({ length: 20 }, async (_, at) => {
      const page = await context.newPage();
      await page.goto(at % 2 === 0 ? site.url : `${site.url}/second`);
      await page.evaluate("1 + 1");
      return await page.title();
    }));
    return titles;
  },
  "leaves the browser to others when it closes": async ({ connect, page }) => {
    const other = await connect();
    const context = await other.newContext();
    await context.newPage();
    await other.close();
    return await page.evaluate("'still here'");
  },
  "comes back to what it left": async ({ connect, site }) => {
    const first = await connect();
    const page = await first.contexts()[0]!.newPage();
    await page.goto(`${site.url}/second`);
    await first.close();
    const again = await connect();
    const pages = again.contexts()[0]!.pages();
    const left = pages.find((page) => page.url().endsWith("/second"));
    const title = await left?.title();
    await left?.close();
    await again.close();
    return title;
  },
};

/** Runs tasks by their titles, each with a connection and a context of its own. */
export function playwrightTasks(timeout: number): RunTask {
  return async (title, { url, headers }, site) => {
    const connect = () => chromium.connectOverCDP(url, { headers, timeout });
    const world = await openWorld(connect, site, timeout);
    try {
      return await PLAYWRIGHT_TASKS[title]!(world);
    } finally {
      await world.browser.close();
    }
  };
}

/** A connection, with a context and a page that are new. */
export async function openWorld(
  connect: () => Promise<Browser>,
  site: Site,
  timeout: number,
): Promise<PlaywrightWorld> {
  const browser = await connect();
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(timeout);
  return { browser, context, page, site, connect };
}

/** Width and height of a PNG (its IHDR chunk). */
function pngSize(png: Uint8Array): number[] {
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

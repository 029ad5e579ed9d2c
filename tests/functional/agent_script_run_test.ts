/**
 * Goal: a script drives the page as a whole puppeteer does, tells what it wrote and where it
 * failed, and can neither outlive its bounds nor reach anything but the browser.
 * Method: tables of scripts, on a real agent and Chrome.
 */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { SCRIPT_CONSOLE_ENTRIES_MAX } from "../../protocol/scripts.ts";
import { serveSite, startAgent, type TestAgent } from "./agent_fixture.ts";

const PAGE = `<title>Page</title><link rel="icon" href="data:,"><input id="q"><button id="ok"
  onclick="document.title = document.querySelector('#q').value">OK</button>`;

/** For a script to begin in, on a busy machine, that is to be ended. */
const ENDLESS_MS = 8_000;

/** A module whose default export does that. */
const main = (body: string) =>
  `export default async ({ page, browser, args, console }) => {${body}}`;

const GOOD: readonly (readonly [string, string, unknown])[] = [
  [
    "drives the page",
    main(`
    await page.type("#q", args.words);
    await page.click("#ok");
    return await page.title();`),
    "héllo",
  ],
  [
    "waits and reads",
    main(`
    await page.waitForSelector("#ok");
    return await page.$eval("#ok", (b) => b.textContent);`),
    "OK",
  ],
  [
    "opens a page of its own",
    main(`
    const other = await browser.newPage();
    await other.setContent("<title>Other</title>");
    const titles = [await other.title(), await page.title()];
    await other.close();
    return titles;`),
    ["Other", "Page"],
  ],
  [
    "answers dialogs",
    main(`
    page.on("dialog", (dialog) => dialog.accept("yes"));
    return await page.evaluate(() => [confirm("?"), prompt("?")]);`),
    [true, "yes"],
  ],
  [
    "takes pictures",
    main(`
    return (await page.screenshot({ encoding: "base64" })).slice(0, 8);`),
    "iVBORw0K",
  ],
  [
    "answers requests",
    main(`
    await page.setRequestInterception(true);
    page.on("request", (r) => r.url().endsWith("/made") ? r.respond({ body: "made" }) : r.continue());
    return await page.evaluate(async () => await (await fetch("/made")).text());`),
    "made",
  ],
  ["returns nothing", main(""), null],
  ["is not async", "export default ({ args }) => args.words", "héllo"],
  ["closes nothing but its connection", main("await browser.close(); return 1"), 1],
];

/** Each has to be denied. */
const REACHES: Readonly<Record<string, string>> = {
  "a file": `Deno.readTextFile("/etc/hostname")`,
  "the environment": `Deno.env.toObject()`,
  "the network": `fetch(page.url())`,
  "another connection to Chrome": `new WebSocket(browser.wsEndpoint())`,
  "a command": `new Deno.Command("/bin/true").output()`,
  "a foreign library": `Deno.dlopen("libc.so.6", {})`,
  "a file through Node": `(await import("node:fs")).readFileSync("/etc/hostname")`,
  "a process through Node": `(await import("node:child_process")).execSync("id")`,
  "/proc": `Deno.readTextFile("/proc/self/environ")`,
  "other processes": `Deno.kill(Deno.ppid, "SIGTERM")`,
  "a module elsewhere": `import("https://a.test/x.js")`,
  "a module on disk": `import("file:///etc/hostname")`,
  "a store on disk": `localStorage.setItem("a", "b")`,
  "a prompt for more": `Deno.permissions.request({ name: "read" }).then(({ state }) => {
    if (state !== "granted") throw new Error(state) })`,
};

const BAD: readonly (readonly [string, string, string, RegExp])[] = [
  [
    "an exception",
    "\nexport default () => {\n  throw new TypeError('boom');\n}",
    "script_failed",
    /^Cannot run the script: TypeError: boom, at default \(script:3:9\)$/,
  ],
  [
    "a broken module",
    "export default () => {\n  const a = ;\n}",
    "script_failed",
    /expected.*script:2:13/is,
  ],
  ["no function", "export const a = 1", "script_failed", /no function as its default export/],
  [
    "what nobody caught",
    main(`Promise.reject(new Error("lost")); await new Promise(() => {})`),
    "script_failed",
    /Error: lost, at .*script:1/,
  ],
  [
    "what a timer threw",
    main(`setTimeout(() => { throw new Error("late") }); await new Promise(() => {})`),
    "script_failed",
    /Error: late/,
  ],
  ["no error", main("throw 7"), "script_failed", /it threw 7/],
  ["an exit", main("Deno.exit(3)"), "script_failed", /ended with code 3/],
  [
    "puppeteer's refusal",
    main(`await page.click("#nothing")`),
    "script_failed",
    /No element found for selector: #nothing, at .*script:1/,
  ],
  ["a cycle", main("const a = {}; a.a = a; return a"), "result_not_serializable", /circular/i],
  ["a function as result", main("return () => 1"), "result_not_serializable", /function/],
  ["nine megabytes", main("return 'x'.repeat(9e6)"), "result_too_large", /9000002 bytes/],
  [
    "objects without end",
    main("const a = []; while (true) a.push({ a: [a.length] })"),
    "script_failed",
    /needs more than \d+ MB of memory/,
  ],
  [
    "bytes without end",
    main("const a = []; while (true) a.push(new Uint8Array(1e6).fill(1))"),
    "script_failed",
    /allocation failed|memory/,
  ],
  [
    "text on its output",
    main(`const line = new Uint8Array(1e6).fill(65);
    while (true) Deno.stdout.writeSync(line)`),
    "script_failed",
    /writes more than \d+ bytes/,
  ],
];

const refusal = (work: Promise<unknown>): Promise<ViperError> =>
  work.then((answer) => assert.fail(JSON.stringify(answer)), (error) => error);

Deno.test("script.run runs a module with puppeteer", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite({ "/": PAGE });
  const { client } = agent;
  const run = (script: string, more: object = {}) =>
    client.scriptRun({ script, args: { words: "héllo" }, ...more });
  for (const [title, script, result] of GOOD) {
    await t.step(title, async () => {
      await client.navigate({ url: `${site.url}/` });
      assert.deepEqual(await run(script), { result, console: [], console_dropped: 0 });
      assert.equal((await client.evaluate({ expression: "1" })).result, 1, "the page lives on");
    });
  }

  await client.navigate({ url: `${site.url}/` });
  for (const [title, script, code, message] of BAD) {
    await t.step(`${title}: ${code}`, async () => {
      const error = await refusal(run(script));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
    });
  }

  for (const [title, reach] of Object.entries(REACHES)) {
    await t.step(`does not reach ${title}`, async () => {
      const error = await refusal(run(main(`return String(await (${reach}))`)));
      assert.equal(error.code, "script_failed");
      assert.match(error.message, /NotCapable|Requires|denied|not defined|undefined|npm|remote/);
      assert.doesNotMatch(error.message, /--allow-/);
    });
  }

  await t.step("tells its console, and no more than may be", async () => {
    const many = await run(main(`
      console.log("one %d", 1, { a: [1] }); globalThis.console.warn(new Error("w").message);
      console.assert(false, "x"); for (let i = 0; i < 2000; i++) console.debug(i);`));
    assert.deepEqual(many.console.slice(0, 3), [
      { level: "log", text: "one 1 { a: [ 1 ] }" },
      { level: "warn", text: "w" },
      { level: "error", text: "Assertion failed: x" },
    ]);
    assert.equal(many.console.length, SCRIPT_CONSOLE_ENTRIES_MAX);
    assert.equal(many.console_dropped, 2_003 - SCRIPT_CONSOLE_ENTRIES_MAX);
  });

  await t.step("ends at its time, with what it had written", async () => {
    const endless = ["while (true);", "await new Promise(() => {})"];
    // Each on a page of its own, so that both have all of their time.
    const errors = await Promise.all(endless.map(async (end) => {
      const { id: page } = await client.pagesNew({});
      const script = main(`console.log("begun"); ${end}`);
      const error = await refusal(run(script, { page, timeout_ms: ENDLESS_MS }));
      await client.pagesClose({ page });
      return error;
    }));
    for (const error of errors) {
      assert.equal(error.code, "timeout");
      assert.match(error.message, /still waiting for the script to end; its console: begun$/);
    }
    assert.deepEqual(await scriptProcesses(agent), []);
  });

  await t.step("has its turn on the page", async () => {
    const slow = run(main(`await new Promise((r) => setTimeout(r, 300)); document = 1;`));
    const after = client.evaluate({ expression: "1" });
    await refusal(slow);
    assert.equal((await after).result, 1);
  });

  await t.step("of a page that is closed, or that there is not", async () => {
    const { id: page } = await client.pagesNew({});
    const running = refusal(run(main("await new Promise(() => {})"), { page }));
    await client.pagesClose({ page });
    assert.equal((await running).code, "page_not_found");
    assert.equal((await refusal(run(main(""), { page }))).code, "page_not_found");
  });
});

/** Script processes of that agent. */
async function scriptProcesses({ child }: TestAgent): Promise<number[]> {
  const path = `/proc/${child.pid}/task/${child.pid}/children`;
  const found = [];
  for (const pid of (await Deno.readTextFile(path)).split(" ").filter(Boolean)) {
    const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    if (command.split("\0").includes("--script")) found.push(Number(pid));
  }
  return found;
}

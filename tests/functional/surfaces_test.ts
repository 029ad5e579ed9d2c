/**
 * Goal: every operation of the browser does the same over REST, the typed client and the command
 * line. Method: a row an operation, each tried in all three ways on a fresh page of one VM; what
 * is bound to differ, such as ids and times, is taken out.
 */
import assert from "node:assert/strict";
import { browserOperations } from "../../protocol/operations.ts";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { serveSite } from "./agent_fixture.ts";
import { type Ground, type Row, ROWS, SITE } from "./surface_rows.ts";
import { type Key, type Surface, surfaces } from "./surfaces.ts";

const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const KEYS = Object.keys(browserOperations) as Key[];
const READY_TIMEOUT_MS = 30_000;

/** Members that differ from call to call by their nature. */
const DIFFERS =
  /^(seq|next_since|since|opener|captured_at|.*_ms|(encoded|byte|total)_(bytes|length))$/;
const ID = /[0-9A-F]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z|\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT/g;

/** The answer without what may differ. */
function steady(answer: unknown, differs: readonly string[]): unknown {
  if (typeof answer === "string") return answer.replaceAll(ID, "ID").replaceAll(TIME, "TIME");
  if (Array.isArray(answer)) return answer.map((one) => steady(one, differs));
  if (typeof answer !== "object" || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer).filter(([name]) => !DIFFERS.test(name) && !differs.includes(name))
      .map(([name, value]) => [name, steady(value, differs)]),
  );
}

/** A page that nothing was done on, the only one. */
async function fresh(daemon: DaemonProcess, site: string): Promise<Ground> {
  const browser = daemon.client.browser("a");
  const { pages } = await browser.pagesList({});
  const { id: page } = await browser.pagesNew({ url: `${site}/` });
  for (const { id } of pages) await browser.pagesClose({ page: id });
  return { browser, site, page };
}

Deno.test("operations of the browser have a row each", () => {
  assert.deepEqual(KEYS.filter((key) => !(key in ROWS)), []);
});

Deno.test({
  name: "operations do the same over REST, the typed client and the command line",
  // The command line's connections to the daemon are kept for a while.
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async (t) => {
    await using site = serveSite(SITE);
    await using daemon = await startDaemon(LOCAL);
    await daemon.client.vms.create({ name: "a" });
    await daemon.client.vms.wait({ name: "a", timeout_ms: READY_TIMEOUT_MS });
    const ways = surfaces(daemon);
    for (const key of KEYS) {
      const row = ROWS[key] as Row | undefined;
      if (row === undefined) continue;
      await t.step(key, async () => {
        const answers: [string, unknown][] = [];
        for (const [way, call] of Object.entries(ways)) {
          const ground = await fresh(daemon, site.url);
          answers.push([way, await tried(key, row, call, ground)]);
          await row.undo?.(ground);
        }
        for (const [way, answer] of answers) assert.deepEqual(answer, answers[0]?.[1], way);
      });
    }

    await t.step("and refuse the same", () => refusesTheSame(daemon, ways, site.url));
  },
});

/** Calls the operation, looks at what it did, and tells what it answered. */
async function tried(key: Key, row: Row, call: Surface, ground: Ground): Promise<unknown> {
  const { input, answer: wanted, effect, differs = [] } = row;
  const answer = await call(
    key,
    (typeof input === "function" ? await input(ground) : input) as never,
  );
  if (typeof wanted === "function") wanted(answer as never);
  else if (typeof wanted === "object") assert.deepEqual(pick(answer, wanted), wanted);
  else if (wanted !== undefined) assert.equal(answer, wanted);
  if (effect !== undefined) {
    const { result } = await ground.browser.evaluate({ expression: effect[0] });
    assert.deepEqual(result, effect[1]);
  }
  return steady(answer, differs);
}

/** The answer's members that are wanted. */
function pick(answer: unknown, wanted: object): unknown {
  return Object.fromEntries(
    Object.keys(wanted).map((name) => [name, (answer as Record<string, unknown>)[name]]),
  );
}

const REFUSALS: readonly (readonly [Key, object, RegExp])[] = [
  ["click", { selector: "#nowhere", timeout_ms: 300 }, /nowhere/],
  ["navigate", { url: "file:///etc/passwd" }, /a URL begins with http/],
  ["evaluate", { expression: "nope()" }, /nope is not defined/],
  ["getText", { selector: "h1", timeout_ms: 0 }, /timeout_ms/],
  ["downloadsFetch", { id: "none" }, /there is no download "none"/],
  ["scriptRun", { script: "export default () => {\n  throw new Error('x');\n}" }, /script:2:9/],
  ["pagesClose", { page: "none" }, /there is no page "none"/],
];

async function refusesTheSame(
  daemon: DaemonProcess,
  ways: Readonly<Record<string, Surface>>,
  site: string,
): Promise<void> {
  for (const [key, input, message] of REFUSALS) {
    for (const [way, call] of Object.entries(ways)) {
      await fresh(daemon, site);
      const error = await call(key, input as never).then(
        (answer) => assert.fail(`${way} answered ${JSON.stringify(answer)}`),
        (error) => error,
      );
      assert.match(error.detail ?? error.message, message, way);
    }
  }
}

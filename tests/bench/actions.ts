/** Actions through the daemon's REST against puppeteer-core on the same Chrome directly. */
import puppeteer, { type Page } from "puppeteer-core";
import { startDaemon } from "../daemon_process.ts";
import type { Comparison } from "./report.ts";
import { percentile } from "./statistics.ts";

const READY_TIMEOUT_MS = 30_000;
const WARM_UP_TURNS = 5;
const TURNS = 20;
/** Rounds of each, in turn, so that noise falls on both. */
const ROUNDS = 3;
const NAME = "bench";
const STEPS = ["navigate", "snapshot", "click", "screenshot"] as const;

type Step = typeof STEPS[number];
type Steps = Readonly<Record<Step, () => Promise<unknown>>>;
type Taken = Record<Step, number[]>;

const ROWS = Array.from(
  { length: 100 },
  (_, row) => `<tr><th>Row ${row}<td><a href="#${row}">Open ${row}</a><td><input value="${row}">`,
);
const PAGE = `<!doctype html><title>Rows</title><h1>Rows</h1><table>${ROWS.join("")}</table>
  <button id="save" style="position:fixed;top:0;right:0">Save</button>`;

/** On runtime local, where the one Chrome can be reached both ways. */
export async function compareActions(note: (text: string) => void): Promise<Comparison[]> {
  const headers = { "content-type": "text/html" };
  await using site = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(PAGE, { headers }),
  );
  const url = `http://127.0.0.1:${site.addr.port}/`;
  await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
  await daemon.client.vms.create({ name: NAME });
  await daemon.client.vms.wait({ name: NAME, timeout_ms: READY_TIMEOUT_MS });
  const answer = await daemon.fetch(`/api/v1/vms/${NAME}/agent/v1/devtools`);
  const { websocket_url } = await answer.json();
  const direct = await puppeteer.connect({ browserWSEndpoint: websocket_url });
  try {
    const [viper, yardstick] = [nothingTaken(), nothingTaken()];
    for (let round = 0; round <= ROUNDS; round++) {
      note(round === 0 ? "actions, warming up" : `actions, round ${round} of ${ROUNDS}`);
      const turns = round === 0 ? WARM_UP_TURNS : TURNS;
      const { id: page } = await daemon.client.browser(NAME).pagesNew({});
      await repeat(turns, throughRest(daemon.client.browser(NAME), page, url), round, viper);
      await daemon.client.browser(NAME).pagesClose({ page });
      const own = await direct.newPage();
      await repeat(turns, withPuppeteer(own, url), round, yardstick);
      await own.close();
    }
    return [
      ...STEPS.map((step) => compared(step, viper[step], yardstick[step])),
      compared("all four", sums(viper), sums(yardstick)),
    ];
  } finally {
    await direct.disconnect();
  }
}

type Browser = ReturnType<Awaited<ReturnType<typeof startDaemon>>["client"]["browser"]>;

function throughRest(browser: Browser, page: string, url: string): Steps {
  return {
    navigate: () => browser.navigate({ page, url }),
    snapshot: () => browser.snapshot({ page }),
    click: () => browser.click({ page, selector: "#save" }),
    screenshot: () => browser.screenshot({ page }),
  };
}

function withPuppeteer(page: Page, url: string): Steps {
  return {
    navigate: () => page.goto(url),
    snapshot: () => page.accessibility.snapshot(),
    // Waits, as Viper does, until the button can be clicked.
    click: () => page.locator("#save").click(),
    screenshot: () => page.screenshot(),
  };
}

async function repeat(turns: number, steps: Steps, round: number, taken: Taken): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    for (const step of STEPS) {
      const started = performance.now();
      await steps[step]();
      if (round > 0) taken[step].push(performance.now() - started);
    }
  }
}

function nothingTaken(): Taken {
  return { navigate: [], snapshot: [], click: [], screenshot: [] };
}

function sums(taken: Taken): number[] {
  return taken.navigate.map((_, turn) =>
    STEPS.reduce((sum, step) => sum + (taken[step][turn] ?? 0), 0)
  );
}

function compared(what: string, viper: number[], yardstick: number[]): Comparison {
  const [subject, against] = [viper, yardstick].map((samples) => percentile(samples, 50));
  return {
    name: `actions: ${what}, p50, through REST against puppeteer-core directly`,
    subject: `through REST: ${subject!.toFixed(1)} ms`,
    yardstick: `puppeteer-core: ${against!.toFixed(1)} ms`,
    ratio: subject! / against!,
  };
}

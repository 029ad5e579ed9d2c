/** DevTools through the daemon against the same Chrome's DevTools directly. */
import puppeteer, { type Browser, type CDPSession } from "puppeteer-core";
import { startDaemon } from "../daemon_process.ts";
import type { Comparison } from "./report.ts";
import { percentile } from "./statistics.ts";

const READY_TIMEOUT_MS = 30_000;
const WARM_UP_TURNS = 2;
const TURNS = 10;
const SCREENSHOT_BYTES = 200_000_000;
/** Rounds of each, and calls of each, in turn, so that noise falls on both. */
const ROUNDS = 3;
const CALLS_A_TURN = 100;

interface Load {
  readonly latencies: number[];
  readonly megabytesPerSecond: number[];
}

/** On runtime local, where the one Chrome can be reached both ways. */
export async function compareDevtools(note: (text: string) => void): Promise<Comparison[]> {
  await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
  await daemon.client.vms.create({ name: "bench" });
  await daemon.client.vms.wait({ name: "bench", timeout_ms: READY_TIMEOUT_MS });
  const { websocket_url } = await (await daemon.fetch("/api/v1/vms/bench/agent/v1/devtools"))
    .json();
  const headers = { authorization: `Bearer ${daemon.apiKey}` };
  const proxied = await puppeteer.connect({
    browserURL: `${daemon.url}/api/v1/vms/bench/devtools`,
    headers,
  });
  const direct = await puppeteer.connect({ browserWSEndpoint: websocket_url });
  try {
    const loads = [[direct, newLoad()], [proxied, newLoad()]] as const;
    for (let round = 0; round <= ROUNDS; round++) {
      note(round === 0 ? "DevTools, warming up" : `DevTools, round ${round} of ${ROUNDS}`);
      const sides = [];
      for (const [browser, load] of loads) {
        sides.push({ cdp: await noisyPage(browser), load: round === 0 ? newLoad() : load });
      }
      for (let turn = 0; turn < (round === 0 ? WARM_UP_TURNS : TURNS); turn++) {
        for (const { cdp, load } of sides) await evaluate(cdp, load);
      }
      for (const { cdp, load } of sides) {
        await screenshots(cdp, load, round === 0 ? 1 : SCREENSHOT_BYTES);
        await cdp.send("Page.close");
      }
    }
    const [[, yardstick], [, subject]] = loads;
    const [p50, yardstickP50] = [subject, yardstick].map((load) => percentile(load.latencies, 50));
    const [rate, yardstickRate] = [subject, yardstick]
      .map((load) => percentile(load.megabytesPerSecond, 50));
    return [
      {
        name: "DevTools: Runtime.evaluate, p50, through Viper against direct",
        subject: `through Viper: ${p50!.toFixed(3)} ms`,
        yardstick: `direct: ${yardstickP50!.toFixed(3)} ms`,
        ratio: p50! / yardstickP50!,
        target: { atMost: 1.3 },
      },
      {
        name: "DevTools: 200 MB of screenshots, direct against through Viper",
        subject: `direct: ${yardstickRate!.toFixed(0)} MB/s`,
        yardstick: `through Viper: ${rate!.toFixed(0)} MB/s`,
        ratio: yardstickRate! / rate!,
        target: { atMost: 1.25 },
      },
    ];
  } finally {
    await Promise.all([proxied.disconnect(), direct.disconnect()]);
  }
}

function newLoad(): Load {
  return { latencies: [], megabytesPerSecond: [] };
}

/** A page whose picture is large: noise does not compress, so its making does not outweigh its way. */
async function noisyPage(browser: Browser): Promise<CDPSession> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1_920, height: 1_080 });
  await page.setContent(`<canvas id=c width=1920 height=1080 style="position:fixed;inset:0">`);
  await page.evaluate(`{
    const context = c.getContext("2d");
    const image = context.createImageData(1920, 1080);
    for (let at = 0; at < image.data.length; at += 65536) {
      crypto.getRandomValues(image.data.subarray(at, at + 65536));
    }
    for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
    context.putImageData(image, 0, 0);
  }`);
  return await page.createCDPSession();
}

async function evaluate(cdp: CDPSession, { latencies }: Load): Promise<void> {
  for (let call = 0; call < CALLS_A_TURN; call++) {
    const started = performance.now();
    await cdp.send("Runtime.evaluate", { expression: "1 + 1" });
    latencies.push(performance.now() - started);
  }
}

async function screenshots(cdp: CDPSession, load: Load, bytesWanted: number): Promise<void> {
  let bytes = 0;
  const started = performance.now();
  while (bytes < bytesWanted) {
    bytes += (await cdp.send("Page.captureScreenshot", { optimizeForSpeed: true })).data.length;
  }
  load.megabytesPerSecond.push(bytes / 1_000 / (performance.now() - started));
}

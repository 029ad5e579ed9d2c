/**
 * The page as text, for a model: Viper's snapshot against those of two MCP servers, in tokens, and
 * a click on a button that starts nothing, in milliseconds. All three drive the same Chrome.
 */
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { startDaemon } from "../daemon_process.ts";
import { type FolderSite, serveFolder } from "./folder_site.ts";
import { type McpProcess, startMcp } from "./mcp_process.ts";
import type { Comparison } from "./report.ts";
import { CHROME_DEVTOOLS, PAGES, PAGES_FOLDER, PLAYWRIGHT, type Rival } from "./rivals.ts";
import { median, spread } from "./statistics.ts";

const READY_TIMEOUT_MS = 30_000;
const TIMEOUT_MS = 60_000;
const CLICKS = 20;
/** All of any page that is measured here. */
const WHOLE_TOKENS = 1_000_000;
const NAME = "bench";
const BUTTON = "data:text/html,<title>One</title><button>Press</button>";

/** What is asked of each. */
interface Reader {
  readonly name: string;
  open(url: string): Promise<unknown>;
  snapshot(): Promise<string>;
  /** Clicks by the reference that the snapshot gives a button. */
  click(snapshot: string): Promise<unknown>;
}

/** Tokens are those of OpenAI's encoding o200k_base. */
export async function compareSnapshots(note: (text: string) => void): Promise<Comparison[]> {
  await using site = serveFolder(PAGES_FOLDER);
  await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
  await daemon.client.vms.create({ name: NAME });
  await daemon.client.vms.wait({ name: NAME, timeout_ms: READY_TIMEOUT_MS });
  const answer = await daemon.fetch(`/api/v1/vms/${NAME}/agent/v1/devtools`);
  const { websocket_url } = await answer.json();
  const devtoolsUrl = `http://${new URL(websocket_url).host}`;
  const start = ({ command }: Rival) => startMcp(command(devtoolsUrl), PAGES_FOLDER);
  await using playwright = await start(PLAYWRIGHT);
  await using chromeDevtools = await start(CHROME_DEVTOOLS);
  const others = [playwrightReader(playwright), await chromeDevtoolsReader(chromeDevtools)];
  const viper = await viperReader(daemon.client.browser(NAME));
  return [
    ...await compareSizes(viper, others, site, note),
    await compareClicks([viper, ...others], note),
  ];
}

type Browser = ReturnType<Awaited<ReturnType<typeof startDaemon>>["client"]["browser"]>;

interface ViperReader extends Reader {
  /** Without the bound. */
  whole(): Promise<string>;
}

/** On a page of its own: the others open theirs in the same Chrome. */
async function viperReader(browser: Browser): Promise<ViperReader> {
  const { id: page } = await browser.pagesNew({});
  const textOf = async (tokens_max?: number) => {
    const asked = tokens_max === undefined ? {} : { tokens_max };
    return (await browser.snapshot({ page, ...asked })).text ?? "";
  };
  return {
    name: "Viper",
    open: (url) => browser.navigate({ url, page, timeout_ms: TIMEOUT_MS }),
    snapshot: () => textOf(),
    whole: () => textOf(WHOLE_TOKENS),
    click: (text) => browser.click({ page, ref: refIn(text, /(e\d+) button/) }),
  };
}

function playwrightReader(server: McpProcess): Reader {
  return {
    name: PLAYWRIGHT.name,
    open: (url) => server.call("browser_navigate", { url }),
    snapshot: () => server.call("browser_snapshot", {}),
    click: (text) => {
      const target = refIn(text, /button .*\[ref=(\w+)\]/);
      return server.call("browser_click", { element: "the button", target });
    },
  };
}

async function chromeDevtoolsReader(server: McpProcess): Promise<Reader> {
  const pages = await server.call("new_page", { url: "about:blank" });
  const pageId = Number(/(\d+): .*\[selected\]/.exec(pages)?.[1]);
  const call = (tool: string, input: object) => server.call(tool, { pageId, ...input });
  return {
    name: CHROME_DEVTOOLS.name,
    open: (url) => call("navigate_page", { type: "url", url }),
    snapshot: () => call("take_snapshot", {}),
    click: (text) => call("click", { uid: refIn(text, /uid=(\S+) button/) }),
  };
}

function refIn(text: string, pattern: RegExp): string {
  const ref = pattern.exec(text)?.[1];
  if (ref === undefined) throw new Error(`No button in:\n${text.slice(0, 2_000)}`);
  return ref;
}

async function compareSizes(
  viper: ViperReader,
  others: readonly Reader[],
  site: FolderSite,
  note: (text: string) => void,
): Promise<Comparison[]> {
  const results: Comparison[] = [];
  let [wholes, lowests] = [0, 0];
  for (const [kind, path] of PAGES) {
    note(`snapshots of a page: ${kind}`);
    const url = `${site.url}/${path}`;
    await viper.open(url);
    const bounded = countTokens(await viper.snapshot());
    const whole = countTokens(await viper.whole());
    const sizes: number[] = [];
    for (const other of others) {
      await other.open(url);
      sizes.push(countTokens(await other.snapshot()));
    }
    const lowest = Math.min(...sizes);
    [wholes, lowests] = [wholes + whole, lowests + lowest];
    results.push({
      name: `snapshot: ${kind}, tokens`,
      subject: `Viper: ${bounded} by default, ${whole} whole`,
      yardstick: others.map(({ name }, at) => `${name}: ${sizes[at]}`).join(", "),
      ratio: bounded / lowest,
    });
  }
  return [...results, {
    name: "snapshot: all ten pages whole, tokens",
    subject: `Viper, whole: ${wholes}`,
    yardstick: `the smaller of the two others: ${lowests}`,
    ratio: wholes / lowests,
    target: { atMost: 1 },
  }];
}

async function compareClicks(
  readers: readonly Reader[],
  note: (text: string) => void,
): Promise<Comparison> {
  note(`${CLICKS} clicks on a button that starts nothing`);
  const all: number[][] = [];
  for (const reader of readers) {
    await reader.open(BUTTON);
    const text = await reader.snapshot();
    await reader.click(text);
    const taken: number[] = [];
    for (let click = 0; click < CLICKS; click++) {
      const started = performance.now();
      await reader.click(text);
      taken.push(performance.now() - started);
    }
    all.push(taken);
  }
  const [subject = "", ...yardsticks] = all.map((taken, at) =>
    `${readers[at]?.name}: ${median(taken).toFixed(0)} ms (${spread(taken, "ms", 0)})`
  );
  const [own = 0, ...medians] = all.map(median);
  return {
    name: "click on a button that starts nothing, p50",
    subject,
    yardstick: yardsticks.join(", "),
    ratio: own / Math.min(...medians),
    target: { atMost: 0.5 },
  };
}

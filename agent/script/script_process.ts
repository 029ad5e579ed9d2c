/**
 * The process of one script: connects to Chrome, gives up every right that it has, and only then
 * loads the script. What is left to it is the connection and what it writes.
 *
 * @module
 */
import type { Browser, Page, Target } from "puppeteer-core";
import type { Host } from "../../host/host.ts";
import { SCRIPT_RESULT_BYTES_MAX } from "../../protocol/scripts.ts";
import { connectDevtools } from "../devtools.ts";
import { CapturedConsole } from "./captured_console.ts";
import { type ScriptJob, scriptJob, type ScriptMessage } from "./messages.ts";

/** Characters of an exception's message. */
const REASON_LENGTH_MAX = 2_000;
/** How a script's own lines are called in the stack of an exception. */
const SCRIPT_NAME = "script";

/** What the process can do. */
export interface ScriptPowers {
  readonly host: Host;
  /** The job as JSON. */
  readonly input: string;
  readonly write: (line: string) => void;
  /** Takes from this process the right to files, network, environment and processes. */
  readonly giveUpRights: () => Promise<void>;
}

/** Runs the script to its end, which is written; the process is to exit then. */
export async function runScriptProcess(powers: ScriptPowers): Promise<void> {
  const send = (message: ScriptMessage) => powers.write(JSON.stringify(message));
  const job = scriptJob.parse(JSON.parse(powers.input));
  const { page, browser } = await connect(job, powers.host);
  await powers.giveUpRights();
  const captured = new CapturedConsole((entry) => send({ type: "console", entry }));
  Object.assign(globalThis.console, captured.console);
  const url = URL.createObjectURL(new Blob([job.script], { type: "text/javascript" }));
  try {
    const result = await Promise.race([
      call(url, { page, browser, args: job.args, console: captured.console }),
      uncaught(),
    ]);
    send(resultMessage(result, captured.dropped));
  } catch (error) {
    send({ type: "error", code: "script_failed", reason: reasonOf(error, url) });
  }
}

async function connect(
  { devtools_url, target_id, browser_context_id }: ScriptJob,
  host: Host,
): Promise<{ page: Page; browser: Browser }> {
  // The agent ends this process when it takes too long.
  const { signal } = new AbortController();
  const browser = await connectDevtools(devtools_url, host, () => {}, signal, browser_context_id);
  // Chrome is not the script's to close.
  browser.close = () => browser.disconnect();
  const isWanted = (target: Target) =>
    (target as Target & { readonly _targetId: string })._targetId === target_id;
  const page = await browser.targets().find(isWanted)?.page();
  if (!page) throw new Error("The page is gone");
  return { page, browser };
}

async function call(url: string, given: Record<string, unknown>): Promise<unknown> {
  const { default: main } = await import(url);
  if (typeof main === "function") return await main(given);
  throw new TypeError("it has no function as its default export");
}

/** Rejects with what nothing in the script has caught. */
function uncaught(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    reject(event.reason);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    reject(event.error);
  });
  return promise;
}

function resultMessage(result: unknown, console_dropped: number): ScriptMessage {
  const refusal = (reason: string): ScriptMessage => ({
    ...{ type: "error", code: "result_not_serializable", reason },
  });
  let json: string | undefined;
  try {
    json = JSON.stringify(result === undefined ? null : result);
  } catch (error) {
    return refusal(error instanceof Error ? error.message.split("\n")[0] ?? "" : String(error));
  }
  if (json === undefined) return refusal(`it is a ${typeof result}`);
  const size = new TextEncoder().encode(json).length;
  if (size > SCRIPT_RESULT_BYTES_MAX) {
    const reason = `it has ${size} bytes of JSON, and ${SCRIPT_RESULT_BYTES_MAX} may be sent`;
    return { type: "error", code: "result_too_large", reason };
  }
  return { type: "result", result: JSON.parse(json), console_dropped };
}

/** What was thrown, and where in the script: `TypeError: boom, at f (script:3:9)`. */
function reasonOf(error: unknown, url: string): string {
  if (!(error instanceof Error)) return `it threw ${String(error).slice(0, REASON_LENGTH_MAX)}`;
  const [message = "", ...frames] = String(error.stack ?? error).replaceAll(url, SCRIPT_NAME)
    .split(/\n\s+at /);
  // The lines behind are a picture of the source.
  const text = (message.split("\n  |")[0] ?? "").trim()
    // A bundled library's classes have lost their names, and Deno's flags are not the script's.
    .replace(/^[\w$]{1,3}: /, "Error: ")
    .replace(/, run again with the --allow-\w+ flag$/, ": a script reaches the browser alone")
    .slice(0, REASON_LENGTH_MAX);
  const frame = frames.find((line) => line.includes(`${SCRIPT_NAME}:`));
  return frame === undefined ? text : `${text}, at ${frame.trim()}`;
}

/** The real `dist/viper serve` on a state folder of its own, driven through the typed client. */
import { type ViperClient, viperClient } from "../cli/client.ts";
import { denoHost } from "../host/deno_host.ts";
import type { EventGap, VmEvent } from "../protocol/events.ts";
import { readEventStream } from "../protocol/event_stream.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const BINARY = `${ROOT}dist/viper`;
/** The guest image that `deno task test` has built. */
export const IMAGE_DIR = Deno.env.get("VIPER_IMAGE_DIR") ?? `${ROOT}dist/image`;
/** From the start to the line that says that the daemon listens. */
const START_TIMEOUT_MS = 30_000;

/** A daemon that listens. */
export interface DaemonProcess extends AsyncDisposable {
  readonly url: string;
  /** Of the admin that the daemon made for its own user. */
  readonly apiKey: string;
  /** With that key. */
  readonly client: ViperClient;
  /** A request with that key, unless it has headers of its own about it. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  readonly pid: number;
  readonly stateDir: string;
  /** Its log, a parsed JSON line each. */
  readonly log: Record<string, unknown>[];
  /** Ends it with SIGTERM and returns the exit code. Done by disposal, too. */
  stop(): Promise<number>;
  /** Ends it at once with SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Starts `viper serve`; `flags` come after those for the state folder, `env` on top of this
 * process's own environment.
 *
 * @param launcher a command that becomes the one that its arguments end in
 */
export async function startDaemon(
  flags: readonly string[],
  state?: string,
  launcher: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<DaemonProcess> {
  const stateDir = state ?? await Deno.makeTempDir({ prefix: "viper-daemon-test-" });
  const [program = BINARY, ...args] = [...launcher, BINARY];
  return await startProgram(
    program,
    [
      ...args,
      "serve",
      ...["--listen", "127.0.0.1:0", "--db", `${stateDir}/state.db`],
      ...["--runtime-dir", `${stateDir}/run`, "--log-dir", `${stateDir}/logs`],
      // Whatever a test leaves running ends with its daemon, unless the test is about that.
      ...["--on-shutdown", "stop"],
      ...flags,
    ],
    stateDir,
    env,
  );
}

/** Starts `tests/stand_in_daemon/`: the real daemon over machines that are objects. */
export async function startStandInDaemon(
  flags: Readonly<Record<string, string | boolean>> = {},
  state?: string,
): Promise<DaemonProcess> {
  const stateDir = state ?? await Deno.makeTempDir({ prefix: "viper-daemon-test-" });
  const settings = {
    listen: "127.0.0.1:0",
    db: `${stateDir}/state.db`,
    runtimeDir: `${stateDir}/run`,
    logDir: `${stateDir}/logs`,
    guestPort: "0",
    onShutdown: "stop",
    // Machines that are objects take nothing of the host.
    ...{ vmLimit: "65534", cpuLimit: "1000000", memoryLimitMb: "100000000" },
    ...flags,
  };
  const program = new URL("stand_in_daemon/main.ts", import.meta.url).pathname;
  // As build/binaries.ts has them, since they decide over memory.
  const memory = "--v8-flags=--min-semi-space-size=16,--max-semi-space-size=16";
  const deno = ["run", "--allow-all", "--no-check", "--quiet", memory];
  return await startProgram(
    Deno.execPath(),
    [...deno, program, JSON.stringify(settings)],
    stateDir,
  );
}

async function startProgram(
  program: string,
  args: string[],
  stateDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<DaemonProcess> {
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { VIPER_API_KEY: "", ...env },
  }).spawn();
  const log: Record<string, unknown>[] = [];
  const listening = Promise.withResolvers<string>();
  const reading = readLog(child.stderr, log, listening);
  const timer = setTimeout(
    () => listening.reject(new Error(`No daemon in ${START_TIMEOUT_MS} ms`)),
    START_TIMEOUT_MS,
  );
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    const { code } = await child.status;
    await reading;
    return code;
  };
  try {
    const url = await listening.promise;
    const apiKey = Deno.readTextFileSync(`${stateDir}/admin.key`).trim();
    return {
      url,
      apiKey,
      client: viperClient(denoHost({ log: () => {} }), url, { apiKey }),
      fetch: (path, init = {}) => {
        const headers = new Headers(init.headers);
        if (!headers.has("authorization")) headers.set("authorization", `Bearer ${apiKey}`);
        return fetch(url + path, { ...init, headers });
      },
      pid: child.pid,
      stateDir,
      log,
      stop: () => end("SIGTERM"),
      kill: async () => void await end("SIGKILL"),
      [Symbol.asyncDispose]: async () => {
        await end("SIGTERM");
        await Deno.remove(stateDir, { recursive: true });
      },
    };
  } catch (error) {
    await end("SIGKILL");
    throw new Error(`The daemon did not start; its log: ${JSON.stringify(log)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function readLog(
  stderr: ReadableStream<Uint8Array>,
  log: Record<string, unknown>[],
  listening: PromiseWithResolvers<string>,
): Promise<void> {
  let rest = "";
  for await (const text of stderr.pipeThrough(new TextDecoderStream() as TextDecoding)) {
    rest += text;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const entry = line.startsWith("{") ? JSON.parse(line) : { text: line };
      log.push(entry);
      if (entry.message === "listening") listening.resolve(entry.url);
    }
  }
  listening.reject(new Error("The daemon ended"));
}

type TextDecoding = ReadableWritablePair<string, Uint8Array>;

/** Reads events from `after` on until `enough` says so; the bound is the caller's signal. */
export async function eventsUntil(
  daemon: Pick<DaemonProcess, "fetch">,
  after: number,
  enough: (events: (VmEvent | EventGap)[]) => boolean,
  timeoutMs: number,
): Promise<(VmEvent | EventGap)[]> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  const events: (VmEvent | EventGap)[] = [];
  try {
    const response = await daemon.fetch("/api/v1/events/vms", {
      headers: { "last-event-id": String(after) },
      signal: stop.signal,
    });
    if (response.body === null) throw new Error("The event stream has no body");
    for await (const event of readEventStream(response.body)) {
      events.push(event);
      if (enough(events)) return events;
    }
    throw new Error("The event stream ended");
  } catch (error) {
    throw new Error(`Not enough events in ${timeoutMs} ms: ${JSON.stringify(events)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

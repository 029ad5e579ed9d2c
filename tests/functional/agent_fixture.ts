/** A real agent with a real Chrome, a daemon that only listens, and pages on loopback. */
import { denoHost } from "../../host/deno_host.ts";
import { OUTPUT_VARIABLE } from "../../agent/chrome_ahead.ts";
import { AHEAD_VARIABLE } from "../../agent/profile_folder.ts";
import { CHROME_FLAGS, findChrome } from "../../agent/chrome_command.ts";
import { sandboxFlags } from "../../agent/sandbox.ts";
import { VERSION } from "../../protocol/version.ts";
import { BODY_LIMIT_BYTES } from "../../protocol/http_body.ts";
import { createClient } from "../../protocol/http_client.ts";
import { createApp, mount } from "../../protocol/http_server.ts";
import { agentOperations, browserOperations, guestOperations } from "../../protocol/operations.ts";
import type { guestAnnounce, GuestLine, guestPageCrashed, Instance } from "../../protocol/guest.ts";
import type { Client, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import { type SignableInit, Signer } from "../../protocol/signer.ts";
import { Verifier } from "../../protocol/verifier.ts";

/** How long anything that a test waits for may take. */
export const WAIT_MS = 20_000;
const MAIN = new URL("../../agent/main.ts", import.meta.url).pathname;
const TOKEN = "0123456789abcdef".repeat(4);

const served = { ...browserOperations, ...agentOperations };

/** What the agent said of itself. */
export type Announce = ParsedOf<typeof guestAnnounce>;

/** What the agent said of a page. */
export type PageCrashed = ParsedOf<typeof guestPageCrashed>;

/** An agent that has announced itself. */
export interface TestAgent extends AsyncDisposable {
  readonly client: Client<typeof served>;
  readonly baseUrl: string;
  readonly token: string;
  /** Asks as the daemon does. */
  signedFetch(url: string, init?: SignableInit): Promise<Response>;
  readonly version: string;
  readonly child: Deno.ChildProcess;
  /** Accepted announces, oldest first. */
  readonly announces: Announce[];
  /** Lines that the agent sent, oldest first. */
  readonly logged: GuestLine[];
  /** What it said of pages that crashed, oldest first. */
  readonly pageCrashes: PageCrashed[];
  /** Announces that were refused, for their signature or because the test said so. */
  readonly refused: () => number;
  /** Resolves when there are so many accepted announces. */
  announced(count: number): Promise<Announce>;
  /** Everything of the agent's and Chrome's that lives in files stands here. */
  readonly tempDir: string;
  /** Ids of the processes whose command line names `tempDir`. */
  chromeProcesses(): number[];
}

/** Starts an agent as a child process and waits for its announce. */
export async function startAgent(
  options: {
    refuseFirst?: number;
    executable?: string;
    ahead?: boolean;
    /** More of the instance's settings of Chrome. */
    chrome?: Partial<Instance["chrome"]>;
  } = {},
): Promise<TestAgent> {
  await using undo = new AsyncDisposableStack();
  const host = denoHost({ log: () => {} });
  const announces: Announce[] = [];
  const logged: GuestLine[] = [];
  const pageCrashes: PageCrashed[] = [];
  let toRefuse = options.refuseFirst ?? 0;
  let refused = 0;

  const app = createApp(() => {});
  const verifier = new Verifier(TOKEN, "daemon", host.clock);
  mount(app, guestOperations, {
    announce: (input) => {
      if (toRefuse-- > 0) {
        refused++;
        throw new ViperError("shutting_down", "Cannot take the announce: the test refuses it");
      }
      announces.push(input);
      return Promise.resolve({ status: "ok" as const });
    },
    logs: ({ lines }) => {
      logged.push(...lines);
      return Promise.resolve({ status: "ok" as const });
    },
    pageCrashed: (input) => {
      pageCrashes.push(input);
      return Promise.resolve({ status: "ok" as const });
    },
  }, {
    contextOf: async (c) => {
      try {
        c.req.raw = await verifier.verify(c.req.raw, BODY_LIMIT_BYTES);
      } catch (error) {
        refused++;
        throw error;
      }
    },
  });
  const daemon = await host.net.serve(
    "test:daemon",
    { hostname: "127.0.0.1", port: 0 },
    (request) => app.fetch(request),
  );
  undo.defer(() => daemon.shutdown());

  const tempDir = await Deno.makeTempDir({ prefix: "viper-agent-test-" });
  undo.defer(() => Deno.remove(tempDir, { recursive: true }));
  const file = `${tempDir}/instance.json`;
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      vm_id: "vm-1",
      name: "one",
      token: TOKEN,
      listen: { hostname: "127.0.0.1", port: 0 },
      daemon_url: `http://127.0.0.1:${daemon.port}`,
      chrome: {
        ...options.executable === undefined ? {} : { executable: options.executable },
        ...options.chrome,
      },
    }),
  );
  const chromeDir = `${tempDir}/chrome`;
  await Deno.mkdir(chromeDir);

  const env: Record<string, string> = { TMPDIR: chromeDir };
  if (options.ahead) {
    const ahead = await startChromeAhead(`${chromeDir}/ahead`, undo);
    env[AHEAD_VARIABLE] = ahead;
    env[OUTPUT_VARIABLE] = `${ahead}/output`;
  }
  const child = spawnAgent(["--instance", file], env);
  undo.defer(async () => {
    tryKill(child, "SIGTERM");
    await within("the agent's end", child.status);
  });
  const announced = async (count: number) => {
    await until(`announce ${count}`, () => announces.length >= count);
    return announces[count - 1] as Announce;
  };
  const { port } = await announced(1);
  const baseUrl = `http://127.0.0.1:${port}`;
  const signer = new Signer(TOKEN, "agent", host);
  const signedFetch = (url: string, init: SignableInit = {}) =>
    signer.send((url, init) => fetch(url, init), url, init);
  const kept = undo.move();
  return {
    client: createClient(served, {
      fetch: (url, init) => signedFetch(url, init as SignableInit),
      baseUrl,
    }),
    baseUrl,
    token: TOKEN,
    signedFetch,
    version: VERSION,
    child,
    announces,
    logged,
    pageCrashes,
    refused: () => refused,
    announced,
    tempDir: chromeDir,
    chromeProcesses: () => processesNaming(chromeDir),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What `init/start_agent` does in a guest. */
async function startChromeAhead(folder: string, undo: AsyncDisposableStack): Promise<string> {
  await Deno.mkdir(folder);
  const host = denoHost({ log: () => {} });
  const executable = await findChrome(undefined, host);
  const flags = [...CHROME_FLAGS, ...await sandboxFlags(host)];
  const command = [executable, ...flags, `--user-data-dir=${folder}/profile`, "about:blank"];
  const chrome = new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$@" >>"$0" 2>&1', `${folder}/output`, ...command],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  undo.defer(async () => void await chrome.status);
  undo.defer(() => tryKill(chrome, "SIGKILL"));
  await Deno.writeTextFile(`${folder}/pid`, `${chrome.pid}\n`);
  return folder;
}

/** Runs the agent's program from its source. */
export function spawnAgent(
  args: string[],
  env: Record<string, string> = {},
  stderr: "null" | "piped" = "null",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--unstable-no-legacy-abort", "-A", MAIN, ...args],
    env,
    stdin: "null",
    stdout: stderr,
    stderr,
  }).spawn();
}

/** Signals a child that may have ended. */
export function tryKill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Signals processes, of which some end with others: what holds Chrome's profile, as a rule. */
export function killAll(pids: readonly number[], signal: Deno.Signal = "SIGKILL"): void {
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Waits on a state. @throws when it is not reached in time */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + WAIT_MS;
  while (!holds()) {
    if (performance.now() > endsAt) throw new Error(`Waited ${WAIT_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits for a promise. @throws when it takes too long */
export async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited ${WAIT_MS} ms for ${what}`)), WAIT_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function processesNaming(text: string): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(text)) pids.push(Number(name));
    } catch {
      // It ended meanwhile.
    }
  }
  return pids;
}

/** Pages by path; a function answers in its own way, and a request to `/never` has no answer. */
export type Site = Record<string, string | (() => Response)>;

/** Serves pages on loopback until disposed. */
export function serveSite(site: Site): { url: string } & AsyncDisposable {
  const ending = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: ending.signal },
    (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/never") return new Promise<Response>(() => {});
      const page = site[pathname];
      if (page === undefined) return html("<title>Missing</title>", 404);
      return typeof page === "string" ? html(page) : page();
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await server.finished;
    },
  };
}

function html(body: string, status = 200): Response {
  return new Response(`<!doctype html>${body}`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

/** Daemons in processes of their own that die when they are told to; see `mortal_daemon/main.ts`. */
import { type ViperClient, viperClient } from "../../cli/client.ts";
import { linesIn } from "./line_stream.ts";
import { quietHost } from "./open_daemon.ts";

const PROGRAM = new URL("mortal_daemon/main.ts", import.meta.url).pathname;

/** A host call at which a daemon dies: the Nth, from 1 on, of those with that label. */
export interface DeathPoint {
  readonly label: string;
  readonly call: number;
}

/** A daemon that can be made to die. */
export interface MortalDaemon extends AsyncDisposable {
  /** Opens it. @throws {Died} when that is when it dies */
  open(): Promise<void>;
  /** Closes it in order; its VMs live on. */
  close(): Promise<void>;
  /** Dies at that point; without one only counts. Gives the labels of the calls before. */
  arm(point?: DeathPoint): Promise<string[]>;
  /** Of the open daemon. */
  readonly client: ViperClient;
  /** Ends it with SIGKILL; tells whether it had died before, at its point. */
  end(): Promise<boolean>;
}

/** The last word of a daemon that has reached its point. */
export const DYING = "dying";

/** The daemon died before it answered. */
export class Died extends Error {
  override readonly name = "Died";
}

/** Starts the process; what costs time is done before it is opened. */
export function startMortal(stateDir: string): MortalDaemon {
  const args = ["run", "--quiet", "--no-check", "--allow-all", PROGRAM, stateDir];
  const options = { args, stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
  const child = new Deno.Command(Deno.execPath(), options).spawn();
  const answers = linesIn(child.stdout);
  const writer = child.stdin.getWriter();
  let client: ViperClient | null = null;
  let hasReached = false;
  const ask = async (line: string): Promise<unknown> => {
    await writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
    const { value, done } = await answers.next();
    hasReached ||= value === DYING;
    if (done || hasReached) throw new Died(`The daemon died before it answered "${line}"`);
    return JSON.parse(value);
  };
  const end = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has killed itself.
    }
    await child.status;
    await writer.close().catch(() => {});
  };
  return {
    open: async () => {
      const url = String(await ask("open"));
      const apiKey = Deno.readTextFileSync(`${stateDir}/admin.key`).trim();
      client = viperClient(quietHost(), url, { apiKey });
    },
    close: async () => void await ask("close"),
    arm: async (point) =>
      await ask(point === undefined ? "arm" : `arm ${point.label} ${point.call}`) as string[],
    get client() {
      if (client === null) throw new Error("The daemon is not open");
      return client;
    },
    end: async () => {
      await end();
      for await (const line of answers) hasReached ||= line === DYING;
      return hasReached;
    },
    [Symbol.asyncDispose]: async () => {
      await end();
      // To the end, which closes the stream.
      for await (const _line of answers);
    },
  };
}

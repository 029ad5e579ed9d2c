/** A Chrome of the same kind as an agent's, reached without Viper: what clients are held against. */
import { denoHost } from "../../host/deno_host.ts";
import { chromeCommand, findChrome } from "../../agent/chrome_command.ts";
import { sandboxFlags } from "../../agent/sandbox.ts";
import { until } from "../until.ts";

const START_TIMEOUT_MS = 30_000;

/** A Chrome that listens. */
export interface DirectChrome extends AsyncDisposable {
  /** Of its DevTools, such as `http://127.0.0.1:9222`. */
  readonly url: string;
}

/** Starts it in a folder of its own; disposing ends it and removes the folder. */
export async function startChrome(): Promise<DirectChrome> {
  const folder = await Deno.makeTempDir({ prefix: "viper-direct-chrome-" });
  const host = denoHost({ log: () => {} });
  const executable = await findChrome(undefined, host);
  const [program = "", ...args] = chromeCommand(executable, folder, await sandboxFlags(host));
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  const dispose = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.status;
    // Its own processes may still write while they end.
    await until(
      "the profile is removed",
      () => Deno.remove(folder, { recursive: true }).then(() => true, () => false),
      START_TIMEOUT_MS,
    );
  };
  try {
    let port = "";
    await until("Chrome listens", async () => {
      const text = await Deno.readTextFile(`${folder}/DevToolsActivePort`).catch(() => "");
      port = text.split("\n")[0] ?? "";
      return text.includes("\n");
    }, START_TIMEOUT_MS);
    return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

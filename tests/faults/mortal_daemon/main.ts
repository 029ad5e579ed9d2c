/**
 * A daemon that ends itself with SIGKILL just before a host call:
 * `deno run main.ts STATE`.
 *
 * It takes commands, a line each, and answers each with a line of JSON. `open` opens the daemon and
 * answers with its URL, `close` closes it. `arm` counts calls from then on and answers with the labels of those that
 * were counted before; `arm LABEL N` also dies at the Nth call of that label, and says so.
 */
import { readConfig } from "../../../server/config.ts";
import { type Daemon, openDaemon } from "../../../server/main.ts";
import { linesIn } from "../line_stream.ts";
import { DYING } from "../mortal.ts";
import { flagsFor, quietHost } from "../open_daemon.ts";
import { watchedHost } from "../recording_host.ts";

async function main([stateDir = ""]: readonly string[]): Promise<void> {
  let daemon: Daemon | null = null;
  let calls: string[] = [];
  let fatal = { label: "", call: 0 };
  const host = watchedHost(quietHost(), ({ label }) => {
    calls.push(label);
    if (label !== fatal.label) return;
    if (calls.filter((made) => made === label).length < fatal.call) return;
    Deno.stdout.writeSync(new TextEncoder().encode(`${DYING}\n`));
    Deno.kill(Deno.pid, "SIGKILL");
  });
  for await (const line of linesIn(Deno.stdin.readable)) {
    const [command, label = "", call = ""] = line.split(" ");
    if (command === "open") {
      const config = readConfig({ ...flagsFor(stateDir), onShutdown: "keep" }, {});
      daemon = await openDaemon(config, host, { agentCommand: [] });
      console.log(JSON.stringify(daemon.url));
    } else if (command === "close") {
      await daemon?.[Symbol.asyncDispose]();
      console.log(JSON.stringify("closed"));
    } else {
      const answer = JSON.stringify(calls);
      calls = [];
      fatal = { label, call: Number(call) };
      console.log(answer);
    }
  }
}

await main(Deno.args);

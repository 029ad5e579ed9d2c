/** The host's program: argv → cli, over the real Host. */
import { findAssets } from "./cli/assets.ts";
import { runCli } from "./cli/main.ts";
import { denoHost } from "./host/deno_host.ts";
import { denoTerminal } from "./host/deno_terminal.ts";
import { jsonLog, logLevel } from "./host/json_log.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, () => stop.abort(new Error(`Interrupted by ${name}`)));
}
const { dirname = "/", url } = import.meta;
const level = logLevel(Deno.env.get("VIPER_LOG_LEVEL"));
const host = denoHost({ log: jsonLog(denoTerminal.err, () => new Date(), level) });
const exitCode = await runCli(Deno.args, {
  host,
  terminal: denoTerminal,
  signal: stop.signal,
  assets: findAssets({
    folder: dirname,
    module: url.slice(url.lastIndexOf("/") + 1),
    executable: Deno.execPath(),
    isCompiled: Deno.build.standalone,
    self: Deno.env.get("VIPER_SELF"),
  }),
});
Deno.exit(exitCode);

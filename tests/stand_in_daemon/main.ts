/**
 * The real daemon (server, store, bus) over stand-in machines, as a program: what the control plane
 * costs and holds without any hypervisor. Its one argument is the daemon's flags as JSON, such as
 * `{"listen":"127.0.0.1:0"}`; with `"network": true` its VMs get real taps.
 */
import { denoHost } from "../../host/deno_host.ts";
import { jsonLog } from "../../host/json_log.ts";
import { readConfig } from "../../server/config.ts";
import { serve } from "../../server/main.ts";
import { StandInRuntime } from "../unit/server/vms/stand_in_runtime.ts";

const { network = false, ...flags } = JSON.parse(Deno.args[0] ?? "{}");
const runtime = new StandInRuntime();
runtime.traits.network = network;
runtime.remembers = false;
const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());
const write = (line: string) => void Deno.stderr.writeSync(new TextEncoder().encode(line));
const host = denoHost({ log: jsonLog(write, () => new Date(), "info") });
const config = readConfig({ ...flags, runtime: "qemu" }, {});
await serve(config, host, { agentCommand: [], runtimes: [runtime] }, stop.signal);
Deno.exit(0);

/**
 * `./dev bench`: Viper against yardsticks, side by side in one run, as ratios. Absolute times are
 * those of this machine and this moment.
 *
 *     ./dev bench [--rounds N] [--json] [control_plane] [fan_out] [reverse_proxy] [proxy] [devtools]
 *       [actions] [snapshot] [boots]
 */
import { parseArgs } from "node:util";
import { privateNetworkMissing } from "../private_network.ts";
import { compareActions } from "./actions.ts";
import { compareBoots } from "./boots.ts";
import { compareControlPlane } from "./control_plane.ts";
import { compareDevtools } from "./devtools.ts";
import { compareFanOut } from "./fan_out.ts";
import { compareProxy } from "./proxy.ts";
import { compareReverseProxy } from "./reverse_proxy.ts";
import { type Comparison, formatted } from "./report.ts";
import { fetchRivals } from "./rivals.ts";
import { compareSnapshots } from "./snapshot.ts";

const ROUNDS_DEFAULT = "3";
const BENCHES = [
  ...["control_plane", "fan_out", "reverse_proxy", "proxy", "devtools", "actions", "snapshot"],
  "boots",
];

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: ROUNDS_DEFAULT },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !BENCHES.includes(name));
const rounds = Number(values.rounds);
if (unknown.length > 0 || !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`Write: ./dev bench [--rounds N] [--json] [${BENCHES.join("] [")}]`);
  Deno.exit(2);
}
const wanted = positionals.length === 0 ? BENCHES : positionals;
const note = (text: string) => console.error(`  ${text} …`);
Deno.exit(privateNetworkMissing() === null ? await bench() : await isolated());

/** Starts this file again in a network namespace of its own. */
async function isolated(): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("The benchmark makes a network namespace and taps, and needs root: try sudo");
    return 1;
  }
  // Nothing can be fetched from inside.
  if (wanted.includes("snapshot")) await fetchRivals(note);
  const inner = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", Deno.execPath(), "run"];
  const self = ["--allow-all", "--no-check", import.meta.url.replace("file://", ""), ...Deno.args];
  const { code } = await new Deno.Command("unshare", {
    args: ["--net", "--pid", "--fork", "--kill-child", "--mount-proc", ...inner, ...self],
  }).spawn().status;
  return code;
}

async function bench(): Promise<number> {
  const results: Comparison[] = [];
  if (wanted.includes("control_plane")) results.push(...await compareControlPlane(note));
  if (wanted.includes("fan_out")) results.push(...await compareFanOut(note));
  if (wanted.includes("reverse_proxy")) results.push(...await compareReverseProxy(note));
  if (wanted.includes("proxy")) results.push(...await compareProxy(note));
  if (wanted.includes("devtools")) results.push(...await compareDevtools(note));
  if (wanted.includes("actions")) results.push(...await compareActions(note));
  if (wanted.includes("snapshot")) results.push(...await compareSnapshots(note));
  if (wanted.includes("boots")) results.push(...await compareBoots(rounds, note));
  if (values.json) console.log(JSON.stringify(results, null, 2));
  else for (const result of results) console.log(formatted(result));
  return 0;
}

/**
 * The packet filter: what guests may reach. All rules stand in chains of Viper's own, which the
 * built-in chains jump to once.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { retried } from "./retried.ts";
import type { NetworkSettings } from "./settings.ts";

/** One of Viper's chains, and from where it is jumped to. */
interface Chain {
  readonly table: "filter" | "nat";
  readonly name: string;
  readonly parent: string;
}

const INPUT: Chain = { table: "filter", name: "VIPER-INPUT", parent: "INPUT" };
const FORWARD: Chain = { table: "filter", name: "VIPER-FORWARD", parent: "FORWARD" };
const NAT: Chain = { table: "nat", name: "VIPER-NAT", parent: "POSTROUTING" };
const CHAINS = [INPUT, FORWARD, NAT];

/**
 * Installs the rules, a table at once; those of an earlier daemon are replaced. The undo removes
 * Viper's chains and nothing else.
 */
export async function openRules(
  host: Host,
  undo: AsyncDisposableStack,
  settings: NetworkSettings,
): Promise<void> {
  undo.defer(() => retried(() => removeRules(host)));
  const { stdout: saved } = await host.run("network.rules:save", ["iptables-save"]);
  await restore(host, "network.rules:restore", installation(settings, saved));
}

/** Removes Viper's chains and the jumps to them. Idempotent. */
async function removeRules(host: Host): Promise<void> {
  const { stdout: saved } = await host.run("network.rules:save_undo", ["iptables-save"]);
  const removal = tables((chain) => {
    if (!hasChain(saved, chain)) return [];
    const jumps = saved.split("\n").filter((line) => line === `-A ${jump(chain)}`);
    return [
      ...jumps.map(() => `-D ${jump(chain)}`),
      `-F ${chain.name}`,
      `-X ${chain.name}`,
    ];
  });
  if (removal !== "") await restore(host, "network.rules:restore_undo", removal);
}

/** Input of `iptables-restore` that makes or replaces the chains. Pure. */
export function installation(settings: NetworkSettings, saved: string): string {
  return tables((chain) => [
    // A chain that exists is emptied by this line.
    `:${chain.name} - [0:0]`,
    ...rules(chain, settings).map((rule) => `-A ${chain.name} ${rule}`),
    ...(saved.split("\n").includes(`-A ${jump(chain)}`) ? [] : [`-I ${jump(chain)}`]),
  ]);
}

function rules(chain: Chain, settings: NetworkSettings): string[] {
  const { bridge, subnet, hostIp, guestPort, openPorts = [] } = settings;
  const answers = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
  if (chain === NAT) return [`-s ${subnet} ! -o ${bridge} -j MASQUERADE`];
  if (chain === INPUT) {
    return [
      `-i ${bridge} ! -s ${subnet} -j DROP`,
      `-i ${bridge} ${answers}`,
      `-i ${bridge} -d ${hostIp}/32 -p tcp -m tcp --dport ${guestPort} -j ACCEPT`,
      ...openPorts.map((port) => `-i ${bridge} -p tcp -m tcp --dport ${port} -j ACCEPT`),
      `-i ${bridge} -p icmp -j ACCEPT`,
      `-i ${bridge} -j DROP`,
    ];
  }
  return [
    // Guests do not reach each other, not even where bridged frames pass this chain.
    `-i ${bridge} -o ${bridge} -j DROP`,
    `-i ${bridge} ! -s ${subnet} -j DROP`,
    `-i ${bridge} -j ACCEPT`,
    `-o ${bridge} ${answers}`,
    `-o ${bridge} -j DROP`,
  ];
}

/** Lines per chain as the input of `iptables-restore`, table by table; `""` when there are none. */
function tables(lines: (chain: Chain) => readonly string[]): string {
  let input = "";
  for (const table of ["filter", "nat"] as const) {
    const body = CHAINS.filter((chain) => chain.table === table).flatMap(lines);
    // Chains are declared ahead of all rules.
    body.sort((a, b) => Number(b.startsWith(":")) - Number(a.startsWith(":")));
    if (body.length > 0) input += [`*${table}`, ...body, "COMMIT", ""].join("\n");
  }
  return input;
}

function jump({ parent, name }: Chain): string {
  return `${parent} -j ${name}`;
}

function hasChain(saved: string, { name }: Chain): boolean {
  return saved.split("\n").some((line) => line.startsWith(`:${name} `));
}

async function restore(host: Host, label: string, input: string): Promise<void> {
  await host.run(label, ["iptables-restore", "--noflush", "--wait"], { stdin: input });
}

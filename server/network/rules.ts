/**
 * The host's packet filter: what holds for all guests alike. What one guest may reach is judged on
 * its tap. All rules stand in chains of Viper's own that carry the bridge's name, so that daemons
 * with a bridge each do not meet; the built-in chains jump to them.
 *
 * @module
 */
import type { Host, Label } from "../../host/host.ts";
import { NEVER_REACHED } from "./egress.ts";
import { retried } from "./retried.ts";
import type { NetworkSettings } from "./settings.ts";

/** One of Viper's chains, from where it is jumped to, and for which packets. */
interface Chain {
  readonly table: "filter" | "nat";
  readonly name: string;
  readonly parent: string;
  readonly match: string;
  readonly rules: readonly string[];
}

const ESTABLISHED = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";

/** In the words of `iptables-save`. */
function chains(settings: NetworkSettings): Chain[] {
  const { bridge, subnet, hostIp, guestPort, openPorts = [], resolvers = [] } = settings;
  const dns = resolvers.flatMap((address) =>
    ["udp", "tcp"].map((protocol) =>
      `-d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j ACCEPT`
    )
  );
  const ports = [guestPort, ...openPorts].map((port) =>
    `-d ${hostIp}/32 -p tcp -m tcp --dport ${port} -j ACCEPT`
  );
  const foreign = `! -s ${subnet} -j DROP`;
  const never = NEVER_REACHED.map((cidr) => `-d ${cidr} -j DROP`);
  const [into, outOf] = [`-i ${bridge} `, `-o ${bridge} `];
  const chain = (
    table: Chain["table"],
    name: string,
    parent: string,
    match: string,
    rules: readonly string[],
  ): Chain => ({ table, name: `VIPER-${bridge}-${name}`, parent, match, rules });
  return [
    chain("filter", "HOST", "INPUT", into, [foreign, ESTABLISHED, ...ports, ...dns, "-j DROP"]),
    chain("filter", "FROM", "FORWARD", into, [
      // Guests do not reach each other, not even where bridged frames pass this chain.
      `-o ${bridge} -j DROP`,
      ...[foreign, ...dns, ...never, "-j ACCEPT"],
    ]),
    chain("filter", "TO", "FORWARD", outOf, [ESTABLISHED, "-j DROP"]),
    chain("nat", "NAT", "POSTROUTING", "", [`-s ${subnet} ! -o ${bridge} -j MASQUERADE`]),
  ];
}

/**
 * Installs the rules, a table at once; those of an earlier daemon are replaced. The undo removes
 * Viper's chains and nothing else.
 *
 * @returns the rules as they stand, for {@linkcode repairRules}
 */
export async function openRules(
  host: Host,
  undo: AsyncDisposableStack,
  settings: NetworkSettings,
): Promise<string> {
  undo.defer(() => retried(() => removeRules(host, settings)));
  const saved = await save(host, "network.rules:save");
  await restore(host, "network.rules:restore", installation(settings, saved));
  return standing(settings, await save(host, "network.rules:save_installed"));
}

/** Installs the rules again when they are not as they stood. @returns whether that was so */
export async function repairRules(
  host: Host,
  settings: NetworkSettings,
  installed: string,
): Promise<boolean> {
  const saved = await save(host, "network.rules:save_standing");
  if (standing(settings, saved) === installed) return false;
  await restore(host, "network.rules:repair", installation(settings, saved));
  return true;
}

/** Removes Viper's chains and the jumps to them. Idempotent. */
export async function removeRules(host: Host, settings: NetworkSettings): Promise<void> {
  const lines = removal(settings, await save(host, "network.rules:save_undo"));
  if (lines !== "") await restore(host, "network.rules:restore_undo", lines);
}

/** Input of `iptables-restore` that makes or replaces the chains. Pure. */
export function installation(settings: NetworkSettings, saved: string): string {
  const lines = saved.split("\n");
  return tables(settings, (chain) => [
    // A chain that exists is emptied by this line.
    `:${chain.name} - [0:0]`,
    ...chain.rules.map((rule) => `-A ${chain.name} ${rule}`),
    ...(lines.includes(`-A ${jump(chain)}`) ? [] : [`-I ${jump(chain)}`]),
  ]);
}

/** Input of `iptables-restore` that removes the chains; `""` when there are none. Pure. */
export function removal(settings: NetworkSettings, saved: string): string {
  const lines = saved.split("\n");
  return tables(settings, (chain) => {
    if (!lines.some((line) => line.startsWith(`:${chain.name} `))) return [];
    const jumps = lines.filter((line) => line === `-A ${jump(chain)}`);
    return [
      ...jumps.map(() => `-D ${jump(chain)}`),
      `-F ${chain.name}`,
      `-X ${chain.name}`,
    ];
  });
}

/** What stands of Viper's chains, and of the jumps to them, in the packet filter's own words. */
function standing(settings: NetworkSettings, saved: string): string {
  const names = chains(settings).map(({ name }) => name);
  return saved.split("\n")
    .filter((line) => line.startsWith("-A") && names.some((name) => line.includes(name)))
    .join("\n");
}

/** Lines per chain as the input of `iptables-restore`, table by table; `""` when there are none. */
function tables(
  settings: NetworkSettings,
  lines: (chain: Chain) => readonly string[],
): string {
  let input = "";
  for (const table of ["filter", "nat"] as const) {
    const body = chains(settings).filter((chain) => chain.table === table).flatMap(lines);
    // Chains are declared ahead of all rules.
    body.sort((a, b) => Number(b.startsWith(":")) - Number(a.startsWith(":")));
    if (body.length > 0) input += [`*${table}`, ...body, "COMMIT", ""].join("\n");
  }
  return input;
}

function jump({ parent, match, name }: Chain): string {
  return `${parent} ${match}-j ${name}`;
}

async function save(host: Host, label: Label): Promise<string> {
  return (await host.run(label, ["iptables-save"])).stdout;
}

async function restore(host: Host, label: Label, input: string): Promise<void> {
  await host.run(label, ["iptables-restore", "--noflush", "--wait"], { stdin: input });
}

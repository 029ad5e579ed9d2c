import { createHash } from "node:crypto";
import { output } from "../namespaces.ts";

/**
 * All that the network has on this host, as text to compare: links, addresses, ports, filters,
 * packet filter, neighbours and forwarding, without counters, numbers and states that come and go.
 */
export async function networkState(): Promise<string> {
  const links = await output("ip", "-oneline", "-br", "link");
  const taps = [...links.matchAll(/^vpt-\w+/gm)].map(([name]) => name);
  const filters: string[] = [];
  for (const tap of taps) {
    for (const direction of ["ingress", "egress"]) {
      const shown = await output("tc", "filter", "show", "dev", tap, direction);
      const digest = createHash("sha256").update(shown).digest("hex").slice(0, 8);
      filters.push(`${tap} ${direction} ${shown === "" ? "no filter" : digest}`);
    }
  }
  const saved = await output("iptables-save");
  const rules = saved.split("\n")
    .filter((line) => /^[:-]/.test(line) && !/^:\w+ ACCEPT /.test(line))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ""));
  const ports = JSON.parse(
    (await output("bridge", "-details", "-json", "link", "show")).trim() || "[]",
  ) as Record<
    string,
    unknown
  >[];
  const flags = ["isolated", "learning", "flood", "mcast_flood", "bcast_flood"];
  const entries = await output("bridge", "fdb", "show");
  return [
    ...links.split("\n").sort(),
    ...(await output("ip", "-oneline", "-br", "address")).split("\n").sort(),
    ...ports.map((port) => [port["ifname"], port["master"], ...flags.map((flag) => port[flag])])
      .map((port) => port.join(" ")).sort(),
    ...filters,
    ...entries.split("\n").filter((line) => line.includes("static")).sort(),
    ...(await output("ip", "neighbour", "show", "nud", "permanent")).split("\n").sort(),
    ...rules.sort(),
    `ip_forward ${await Deno.readTextFile("/proc/sys/net/ipv4/ip_forward")}`,
  ].join("\n");
}

/** Bridge, forwarding, rules, and whether the subnet is free. */
import type { Host } from "../../host/host.ts";
import { readLink } from "../../server/network/link.ts";
import { hostResolvers } from "../../server/network/resolvers.ts";
import { parseSubnet } from "../../server/network/subnet.ts";
import { hasRules } from "../changes/rules.ts";
import type { Check, Finding, Patient } from "../finding.ts";
import { networkSettings } from "../settings.ts";

const MEND = "systemctl restart viper-network viper-server";

/** The guests' network as the daemon, or setup, makes it. */
export const checkNetwork: Check = async (patient) => [
  await bridge(patient),
  await forwarding(patient),
  await rules(patient),
  await subnet(patient),
];

async function bridge({ host, config, isSetUp }: Patient): Promise<Finding> {
  const { bridge, hostIp } = config;
  const check = "bridge";
  const link = await readLink(host, "doctor.network:bridge", bridge);
  if (link === null) return { check, ...missing(isSetUp, `there is no "${bridge}"`) };
  if (link.kind !== "bridge") {
    const mend = "viper setup --bridge with another name";
    return { check, status: "fail", seen: `"${bridge}" is no bridge`, mend };
  }
  const addresses = await readAddresses(host);
  const hasAddress = addresses.some(({ name, ip }) => name === bridge && ip === hostIp);
  if (!link.isUp || !hasAddress) {
    const seen = link.isUp ? `${bridge} lacks ${hostIp}` : `${bridge} is down`;
    return { check, status: "fail", seen, mend: MEND };
  }
  return { check, status: "pass", seen: `${bridge} is up and has ${hostIp}` };
}

async function forwarding({ host, isSetUp }: Patient): Promise<Finding> {
  const path = "/proc/sys/net/ipv4/ip_forward";
  const value = (await host.files.readText("doctor.network:forwarding", path)).trim();
  const check = "forwarding";
  if (value === "1") return { check, status: "pass", seen: "net.ipv4.ip_forward = 1" };
  return { check, ...missing(isSetUp, `net.ipv4.ip_forward = ${value}`) };
}

async function rules({ host, config, isSetUp }: Patient): Promise<Finding> {
  const check = "packet filter";
  if (!host.isRoot) {
    const seen = "only root may read the rules";
    return { check, status: "warn", seen, mend: "sudo viper doctor" };
  }
  const wanted = networkSettings(config, await hostResolvers(host));
  if (await hasRules(host, wanted)) {
    return { check, status: "pass", seen: `the chains of ${wanted.bridge} stand` };
  }
  return { check, ...missing(isSetUp, `rules of ${wanted.bridge} are missing`) };
}

/** Guests would not reach a network that has the same addresses. */
async function subnet({ host, config }: Patient): Promise<Finding> {
  const { bridge, subnet: cidr } = config;
  const { contains } = parseSubnet(cidr);
  const others = (await readAddresses(host)).filter(({ name, ip }) =>
    name !== bridge && contains(ip)
  );
  const check = "subnet";
  if (others.length === 0) return { check, status: "pass", seen: `${cidr} is nobody else's` };
  const seen = `${others.map(({ name, ip }) => `${name} has ${ip}`).join(", ")}, within ${cidr}`;
  return { check, status: "fail", seen, mend: "viper setup --subnet and --host-ip with others" };
}

/** A daemon makes what is missing when it starts; after a setup it has to be there always. */
function missing(isSetUp: boolean, seen: string): Omit<Finding, "check"> {
  if (isSetUp) return { status: "fail", seen, mend: MEND };
  return { status: "warn", seen: `${seen}; "viper serve" sees to it`, mend: "viper setup" };
}

async function readAddresses(host: Host): Promise<{ name: string; ip: string }[]> {
  const { stdout } = await host.run("doctor.network:addresses", ["ip", "-json", "-4", "address"]);
  const links = JSON.parse(stdout || "[]") as {
    ifname?: string;
    addr_info?: { local?: string }[];
  }[];
  return links.flatMap(({ ifname = "", addr_info = [] }) =>
    addr_info.flatMap(({ local }) => local === undefined ? [] : [{ name: ifname, ip: local }])
  );
}

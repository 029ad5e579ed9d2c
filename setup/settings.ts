/** What a set-up host's daemon is told, and where setup puts things. */
import type { Host } from "../host/host.ts";
import { type Config, type ConfigFlags, readConfig } from "../server/config.ts";
import { VARIABLES } from "../server/settings.ts";
import { checkSettings, type NetworkSettings } from "../server/network/settings.ts";
import { parseSubnet } from "../server/network/subnet.ts";
import { type Env, parseEnvFile } from "./env_file.ts";

/** Where the daemon's settings stand. */
export const ENV_FILE = "/etc/viper/viper.env";
/** Where the binary unpacks itself when systemd starts it. */
export const CACHE_DIR = "/var/cache/viper";
/** The group that setup adds, and the user in it. */
export const ACCOUNT = "viper";
export const SERVER_UNIT = "viper-server.service";
export const NETWORK_UNIT = "viper-network.service";
export const SERVICE_FILE = `/etc/systemd/system/${SERVER_UNIT}`;

/** A service's folders are not in anybody's home. */
const SYSTEM_DEFAULTS: ConfigFlags = {
  listen: "127.0.0.1:7777",
  db: "/var/lib/viper/state.db",
  runtimeDir: "/var/lib/viper/run",
  logDir: "/var/log/viper",
  imageDir: "/var/lib/viper/image",
  // Daemon and network unit have to agree on these, whatever a later version's defaults are.
  bridge: "viperbr0",
  subnet: "192.168.127.0/24",
  hostIp: "192.168.127.1",
  guestPort: "7778",
};

/** Variables that no flag of `viper serve` sets. */
const OTHER_VARIABLES = ["VIPER_API_KEY", "VIPER_CLOUD_HYPERVISOR", "VIPER_LOG_LEVEL"];

/** The settings of a host, as text for its file and as the daemon will read them. */
export interface HostSettings {
  readonly env: Env;
  readonly config: Config;
}

/**
 * Settings from flags, this process's variables, the file of an earlier setup and the system's
 * defaults, in this order.
 *
 * @throws {TypeError} that quotes what the daemon would refuse
 */
export async function readHostSettings(
  host: Host,
  flags: ConfigFlags,
  root: string,
): Promise<HostSettings> {
  return hostSettings(flags, host.env, await installedEnv(host, root));
}

/** {@linkcode readHostSettings} of what was read already. Pure. */
export function hostSettings(
  flags: ConfigFlags,
  variables: Readonly<Record<string, string | undefined>>,
  installed: Env,
): HostSettings {
  const env: Record<string, string> = {};
  for (const [name, variable] of Object.entries(VARIABLES) as [keyof ConfigFlags, string][]) {
    const value = flags[name] ?? (variables[variable] || undefined) ?? installed[variable] ??
      SYSTEM_DEFAULTS[name];
    if (value !== undefined) env[variable] = String(value);
  }
  for (const variable of OTHER_VARIABLES) {
    const value = (variables[variable] || undefined) ?? installed[variable];
    if (value !== undefined) env[variable] = value;
  }
  // Lines that a person added stay.
  for (const [variable, value] of Object.entries(installed)) env[variable] ??= value;
  const config = readConfig({}, { PWD: variables["PWD"], ...env });
  checkSettings(config);
  const paths = { db: config.dbPath, runtimeDir: config.runtimeDir, logDir: config.logDir };
  for (const [name, path] of Object.entries({ ...paths, imageDir: config.imageDir })) {
    env[VARIABLES[name as keyof typeof VARIABLES]] = path;
  }
  return { env, config };
}

/** The settings of an earlier setup; none where there was none. */
export async function installedEnv(host: Pick<Host, "files">, root: string): Promise<Env> {
  const path = root + ENV_FILE;
  if (await host.files.stat("setup.settings:look", path) === null) return {};
  return parseEnvFile(await host.files.readText("setup.settings:read", path));
}

/** The lowest address that a host may have in the subnet. Pure. @throws {TypeError} */
export function firstAddress(cidr: string): string {
  return parseSubnet(cidr).hosts().next().value ?? "";
}

/** What the network's parts need of the config. Pure. */
export function networkSettings(
  config: Config,
  resolvers: readonly string[],
): NetworkSettings & { openPorts: number[]; resolvers: string[] } {
  const { bridge, subnet, hostIp, guestPort, guestOpenPorts } = config;
  const openPorts = [...guestOpenPorts];
  return { bridge, subnet, hostIp, guestPort, openPorts, resolvers: [...resolvers] };
}

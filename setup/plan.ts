/** All that makes a host ready for Viper, as steps in their order. */
import type { Config } from "../server/config.ts";
import { bridgeMac } from "../server/network/bridge.ts";
import { parseSubnet } from "../server/network/subnet.ts";
import { groupKind, userKind } from "./changes/account.ts";
import { addressKind, bridgeKind, upKind } from "./changes/bridge.ts";
import { fileKind, unitFileKind } from "./changes/file.ts";
import { folderKind } from "./changes/folder.ts";
import { type Need, packageListsKind, packagesKind } from "./changes/packages.ts";
import { rulesKind } from "./changes/rules.ts";
import { serviceKind } from "./changes/service.ts";
import { forwardingKind, sysctlKind } from "./changes/sysctl.ts";
import { formatEnvFile } from "./env_file.ts";
import {
  ACCOUNT,
  CACHE_DIR,
  ENV_FILE,
  type HostSettings,
  NETWORK_UNIT,
  networkSettings,
  SERVER_UNIT,
} from "./settings.ts";
import { type Step, stepOf } from "./step.ts";
import { networkUnit, serverUnit, type UnitSettings } from "./units.ts";

/** Programs that the daemon calls. */
export const NEEDS: readonly Need[] = [
  { program: "ip", package: "iproute2" },
  { program: "bridge", package: "iproute2" },
  { program: "tc", package: "iproute2" },
  { program: "iptables-restore", package: "iptables" },
  { program: "setpriv", package: "util-linux" },
  { program: "qemu-system-x86_64", package: "qemu-system-x86" },
];

/** Settings of {@linkcode planSetup}. */
export interface PlanOptions {
  readonly settings: HostSettings;
  /** Name servers that guests may ask. */
  readonly resolvers: readonly string[];
  /** Starts `viper`; arguments follow. */
  readonly program: readonly string[];
  /** Goes before the path of every file; `""` for the host's own. */
  readonly root: string;
  readonly serviceFile: string;
  /** Whether systemd runs this host. */
  readonly hasSystemd: boolean;
  /** Whether the services are started now. */
  readonly start: boolean;
}

/** Every step, in order. Pure. */
export function planSetup(options: PlanOptions): Step[] {
  const { settings: { config }, resolvers } = options;
  return [
    stepOf(packageListsKind, { needs: [...NEEDS] }),
    stepOf(packagesKind, { needs: [...NEEDS] }),
    stepOf(groupKind, { name: ACCOUNT }),
    stepOf(userKind, { name: ACCOUNT, group: ACCOUNT, home: "/nonexistent" }),
    ...folders(options),
    ...files(options),
    ...networkSteps(config, resolvers),
    ...services(options),
  ];
}

/** Bridge, forwarding and rules: what a start of the host forgets. Pure. */
export function networkSteps(config: Config, resolvers: readonly string[]): Step[] {
  const { bridge, subnet, hostIp } = config;
  const { prefixLength } = parseSubnet(subnet);
  // Over IPv6 guests would reach every service of the host past the IPv4 rules.
  const ipv6 = `/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`;
  return [
    stepOf(bridgeKind, { name: bridge, mac: bridgeMac(hostIp) }),
    stepOf(sysctlKind, { path: ipv6, value: "1" }),
    stepOf(addressKind, { bridge, address: `${hostIp}/${prefixLength}` }),
    stepOf(upKind, { bridge }),
    stepOf(forwardingKind, {}),
    stepOf(rulesKind, networkSettings(config, resolvers)),
  ];
}

function folders({ settings: { config }, root, serviceFile }: PlanOptions): Step[] {
  const folder = (path: string, mode: number, group = "root") =>
    stepOf(folderKind, { path: root + path, mode, group });
  return [
    folder(folderOf(ENV_FILE), 0o755),
    // Hypervisors get the files that they need opened, whoever they run as.
    folder(folderOf(config.dbPath), 0o700),
    folder(config.runtimeDir, 0o700),
    folder(config.imageDir, 0o700),
    folder(config.logDir, 0o750, ACCOUNT),
    folder(CACHE_DIR, 0o700),
    folder(folderOf(serviceFile), 0o755),
  ];
}

function files({ settings, program, root, serviceFile, hasSystemd }: PlanOptions): Step[] {
  const { config, env } = settings;
  const units: UnitSettings = {
    program,
    envFile: ENV_FILE,
    cacheDir: CACHE_DIR,
    writable: [...new Set([folderOf(config.dbPath), config.runtimeDir, config.logDir])],
  };
  const unitKind = hasSystemd ? unitFileKind : fileKind;
  const unit = (path: string, text: string) =>
    stepOf(unitKind, { path: root + path, text, mode: 0o644 });
  return [
    stepOf(fileKind, { path: root + ENV_FILE, text: formatEnvFile(env), mode: 0o600 }),
    unit(`${folderOf(serviceFile)}/${NETWORK_UNIT}`, networkUnit(units)),
    unit(serviceFile, serverUnit(units)),
  ];
}

function services({ root, serviceFile, hasSystemd, start }: PlanOptions): Step[] {
  if (!hasSystemd) return [];
  const service = (unit: string, path: string) =>
    stepOf(serviceKind, { unit, start, files: [root + path, root + ENV_FILE] });
  return [
    service(NETWORK_UNIT, `${folderOf(serviceFile)}/${NETWORK_UNIT}`),
    service(serviceFile.slice(serviceFile.lastIndexOf("/") + 1) || SERVER_UNIT, serviceFile),
  ];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

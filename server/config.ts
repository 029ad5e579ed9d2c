/**
 * Flags, `VIPER_*` variables and defaults → one frozen {@linkcode Config}. A flag beats a
 * variable, a variable beats a default. A value that cannot be read refuses to start.
 *
 * @module
 */
import {
  CPU_CORES_MAX,
  type Egress,
  egress,
  MEMORY_MB_MAX,
  MEMORY_MB_MIN,
  type RuntimeName,
  runtimeName,
} from "../protocol/vms.ts";
import {
  choice,
  integer,
  matching,
  optionalInteger,
  type SettingName,
  settingName,
  VARIABLES,
  yesOrNo,
} from "./settings.ts";

/** Everything the daemon can be told. Sizes and times carry their units in their names. */
export interface Config {
  /** Where people and programs reach the daemon. */
  readonly apiListen: { readonly hostname: string; readonly port: number };
  /** A key that stands beside the stored ones, an admin's. */
  readonly apiKey: string | null;
  /** Unix socket that serves the API to the daemon's own user, who needs no key. */
  readonly socket: string;
  /** Whether everybody on this machine is an admin without a key. */
  readonly insecureLoopback: boolean;
  /** Addresses and CIDRs of clients; empty: all. */
  readonly allowCidr: readonly string[];
  /** Proxies whose `X-Forwarded-For` counts, as addresses and CIDRs. */
  readonly trustedProxies: readonly string[];
  /** PEM files of HTTPS; both or neither. */
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly dbPath: string;
  /** Holds the key that profiles are encrypted with; made where there is none. */
  readonly profileKeyFile: string;
  readonly runtimeDir: string;
  readonly logDir: string;
  /** Holds `current/`, the guest image. */
  readonly imageDir: string;
  readonly runtime: "auto" | RuntimeName;
  /** Cloud Hypervisor's program: a path, or a name on the PATH. */
  readonly hypervisor: string;
  readonly bridge: string;
  readonly subnet: string;
  readonly hostIp: string;
  /** Port of the guest-facing listener on `hostIp`; 0 takes a free one. */
  readonly guestPort: number;
  /** TCP ports of the host that guests may reach beside it, such as that of a proxy. */
  readonly guestOpenPorts: readonly number[];
  /** VMs that may be live at once. */
  readonly vmLimit: number;
  /** Cores and memory that live VMs may have together; `null`: by the size of the host. */
  readonly cpuLimit: number | null;
  readonly memoryLimitMb: number | null;
  /** What one VM may ask for. */
  readonly maxCpuCores: number;
  readonly maxMemoryMb: number;
  /** What a VM gets whose creator does not say otherwise. */
  readonly defaultCpuCores: number;
  readonly defaultMemoryMb: number;
  readonly defaultEgress: Egress;
  /** What becomes of VMs when the daemon ends. */
  readonly onShutdown: "keep" | "stop";
  /** First of the user numbers that VMs' processes run as; `null`: as the daemon's own user. */
  readonly firstUid: number | null;
  /** From boot to the agent's announce; then the VM counts as crashed. `null`: by accelerator. */
  readonly bootTimeoutMs: number | null;
  /** How the daemon's own log is written to standard error. */
  readonly logFormat: "json" | "pretty";
}

/** Settings as text, by flag name without dashes; `undefined` where nobody said anything. */
export type ConfigFlags = Partial<Record<SettingName, string | boolean>>;

const PORT_MAX = 65_535;
/** Bytes of a Unix socket's path, less its closing zero byte (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107;
const VM_LIMIT_MAX = 65_534;
const BOOT_TIMEOUT_MS_MAX = 3_600_000;
const CPU_LIMIT_MAX = 1_000_000;
const LIMIT_MB_MAX = 100_000_000;
/**
 * Numbers that systemd leaves to nobody, and room for a subnet of 65,536 addresses after them.
 * https://systemd.io/UIDS-GIDS/
 */
const FIRST_UID = 1_900_000_000;
const FIRST_UID_MAX = 2_147_400_000;
/** IFNAMSIZ less its closing zero byte (if.h). */
const INTERFACE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {TypeError} that names the setting and quotes the value */
export function readConfig(
  flags: ConfigFlags,
  env: Environment,
): Config {
  const setting = (name: SettingName, fallback: string) =>
    String(flags[name] ?? (env[VARIABLES[name]] || undefined) ?? fallback);
  const list = (name: SettingName) =>
    setting(name, "").split(",").map((entry) => entry.trim()).filter(Boolean);
  const path = (name: SettingName, fallback: string) =>
    absolute(setting(name, fallback), env["PWD"]);
  const state = stateFolder(env);
  const apiListen = listenAddress(setting("listen", "127.0.0.1:7777"));
  const insecureLoopback = yesOrNo("insecureLoopback", setting("insecureLoopback", "false"));
  if (insecureLoopback && !isLoopback(apiListen.hostname)) {
    throw new TypeError(
      `Cannot listen on "${apiListen.hostname}" without keys: leave --insecure-loopback out, or ` +
        "listen on 127.0.0.1",
    );
  }
  const dbPath = path("db", `${state}/state.db`);
  return Object.freeze({
    apiListen,
    apiKey: env["VIPER_API_KEY"] || null,
    socket: socketPath(path("socket", socketBeside(dbPath))),
    insecureLoopback,
    allowCidr: list("allowCidr"),
    trustedProxies: list("trustedProxies"),
    ...tlsFiles(path("tlsCert", ""), path("tlsKey", "")),
    dbPath,
    profileKeyFile: path("profileKeyFile", `${folderOf(dbPath)}/profiles.key`),
    runtimeDir: path("runtimeDir", `${state}/run`),
    logDir: path("logDir", `${state}/logs`),
    imageDir: path("imageDir", `${state}/image`),
    runtime: choice("runtime", setting("runtime", "auto"), ["auto", ...runtimeName.options]),
    hypervisor: program(
      setting("hypervisor", env["VIPER_CLOUD_HYPERVISOR"] || "cloud-hypervisor"),
      env["PWD"],
    ),
    bridge: matching("bridge", setting("bridge", "viperbr0"), INTERFACE_NAME),
    subnet: setting("subnet", "192.168.127.0/24"),
    hostIp: setting("hostIp", "192.168.127.1"),
    guestPort: integer("guestPort", setting("guestPort", "7778"), 0, PORT_MAX),
    guestOpenPorts: setting("guestOpenPorts", "").split(",").filter(Boolean)
      .map((port) => integer("guestOpenPorts", port, 1, PORT_MAX)),
    vmLimit: integer("vmLimit", setting("vmLimit", "64"), 1, VM_LIMIT_MAX),
    cpuLimit: optionalInteger("cpuLimit", setting("cpuLimit", ""), CPU_LIMIT_MAX),
    memoryLimitMb: optionalInteger("memoryLimitMb", setting("memoryLimitMb", ""), LIMIT_MB_MAX),
    ...vmSizes(setting),
    defaultEgress: egressOf(setting("defaultEgress", "internet")),
    onShutdown: choice("onShutdown", setting("onShutdown", "keep"), ["keep", "stop"]),
    firstUid: uidOf(setting("firstUid", String(FIRST_UID))),
    logFormat: choice("logFormat", setting("logFormat", "json"), ["json", "pretty"]),
    bootTimeoutMs: optionalInteger(
      "bootTimeoutMs",
      setting("bootTimeoutMs", ""),
      BOOT_TIMEOUT_MS_MAX,
    ),
  });
}

/** `host:port`, `[v6]:port` or `:port`, which means loopback. */
export function listenAddress(text: string): { hostname: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]*):(\d+)$/.exec(text);
  if (match === null) {
    throw new TypeError(
      `Cannot use "${text}" as ${settingName("listen")}: write HOST:PORT, such as 127.0.0.1:7777`,
    );
  }
  const hostname = (match[1] ?? "").replace(/^\[|\]$/g, "") || "127.0.0.1";
  return { hostname, port: integer("listen", match[2] ?? "", 0, PORT_MAX) };
}

/** Whether only this machine can reach the address. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Where the state database is, when no flag says otherwise. */
export function stateDatabase(env: Environment): string {
  return absolute(env[VARIABLES.db] || `${stateFolder(env)}/state.db`, env["PWD"]);
}

/** Where the API's Unix socket is, when no flag says otherwise. */
export function socketOf(env: Environment): string {
  return absolute(env[VARIABLES.socket] || socketBeside(stateDatabase(env)), env["PWD"]);
}

function socketBeside(dbPath: string): string {
  return `${folderOf(dbPath)}/viper.sock`;
}

function stateFolder(env: Environment): string {
  return `${env["HOME"] ?? "/root"}/.viper`;
}

/** Where the daemon keeps the key of its own user's command line, beside its database. */
export function adminKeyFile(dbPath: string): string {
  return `${folderOf(dbPath)}/admin.key`;
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

/** Paths reach other processes, which may have another working folder. */
function absolute(path: string, workingDir = "."): string {
  return path.startsWith("/") || path === "" ? path : `${workingDir}/${path}`;
}

function socketPath(path: string): string {
  if (new TextEncoder().encode(path).length <= SOCKET_PATH_BYTES_MAX) return path;
  throw new TypeError(
    `Cannot use "${path}" as ${settingName("socket")}: a socket's path has at most ` +
      `${SOCKET_PATH_BYTES_MAX} bytes; choose a shorter one`,
  );
}

function tlsFiles(cert: string, key: string): Pick<Config, "tlsCert" | "tlsKey"> {
  if ((cert === "") === (key === "")) return { tlsCert: cert || null, tlsKey: key || null };
  const missing = cert === "" ? "tlsCert" : "tlsKey";
  throw new TypeError(
    `Cannot serve HTTPS with "${cert || key}" alone: set ${settingName(missing)}`,
  );
}

/** A bare name is looked for on the PATH. */
function program(name: string, workingDir?: string): string {
  return name.includes("/") ? absolute(name, workingDir) : name;
}

function vmSizes(setting: (name: SettingName, fallback: string) => string) {
  const size = (name: SettingName, fallback: number, min: number, max: number) =>
    integer(name, setting(name, String(fallback)), min, max);
  const maxCpuCores = size("maxCpuCores", CPU_CORES_MAX, 1, CPU_CORES_MAX);
  const maxMemoryMb = size("maxMemoryMb", MEMORY_MB_MAX, MEMORY_MB_MIN, MEMORY_MB_MAX);
  return {
    maxCpuCores,
    maxMemoryMb,
    defaultCpuCores: size("defaultCpuCores", Math.min(2, maxCpuCores), 1, maxCpuCores),
    defaultMemoryMb: size(
      "defaultMemoryMb",
      Math.min(2_048, maxMemoryMb),
      MEMORY_MB_MIN,
      maxMemoryMb,
    ),
  };
}

/** One of the words, or CIDRs with commas. */
function egressOf(value: string): Egress {
  const parsed = egress.safeParse(/^[a-z]+$/.test(value) ? value : value.split(","));
  if (parsed.success) return parsed.data;
  throw new TypeError(
    `Cannot use "${value}" as ${settingName("defaultEgress")}: it is internet, none, open, or ` +
      "CIDRs with commas, such as 10.1.0.0/16",
  );
}

/** `0` for the daemon's own user. */
function uidOf(value: string): number | null {
  return integer("firstUid", value, 0, FIRST_UID_MAX) || null;
}

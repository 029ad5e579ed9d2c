/**
 * The daemon's settings by name, and how the text of one is read. What cannot be read throws a
 * `TypeError` that names the setting and quotes the value.
 *
 * @module
 */

/** Setting → variable. The names are those of earlier versions where they had one. */
export const VARIABLES = {
  listen: "VIPER_API_LISTEN",
  socket: "VIPER_API_SOCKET",
  insecureLoopback: "VIPER_INSECURE_LOOPBACK",
  allowCidr: "VIPER_API_ALLOW_CIDR",
  trustedProxies: "VIPER_API_TRUSTED_PROXIES",
  tlsCert: "VIPER_TLS_CERT",
  tlsKey: "VIPER_TLS_KEY",
  db: "VIPER_DB_PATH",
  profileKeyFile: "VIPER_PROFILE_KEY_FILE",
  runtimeDir: "VIPER_RUNTIME_DIR",
  logDir: "VIPER_LOG_DIR",
  imageDir: "VIPER_IMAGE_DIR",
  runtime: "VIPER_RUNTIME",
  hypervisor: "VIPER_HYPERVISOR",
  bridge: "VIPER_BRIDGE",
  subnet: "VIPER_SUBNET",
  hostIp: "VIPER_HOST_IP",
  guestPort: "VIPER_GUEST_PORT",
  guestOpenPorts: "VIPER_GUEST_OPEN_PORTS",
  vmLimit: "VIPER_VM_LIMIT",
  cpuLimit: "VIPER_CPU_LIMIT",
  memoryLimitMb: "VIPER_MEMORY_LIMIT_MB",
  maxCpuCores: "VIPER_MAX_CPU_CORES",
  maxMemoryMb: "VIPER_MAX_MEMORY_MB",
  defaultCpuCores: "VIPER_DEFAULT_CPU_CORES",
  defaultMemoryMb: "VIPER_DEFAULT_MEMORY_MB",
  defaultEgress: "VIPER_DEFAULT_EGRESS",
  onShutdown: "VIPER_ON_SHUTDOWN",
  firstUid: "VIPER_FIRST_UID",
  bootTimeoutMs: "VIPER_BOOT_TIMEOUT_MS",
  logFormat: "VIPER_LOG_FORMAT",
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof VARIABLES;

/** As variable and as flag, since either may have set it. */
export function settingName(name: SettingName): string {
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${VARIABLES[name]} (--${flag})`;
}

/** The value, if it has that form. */
export function matching(name: SettingName, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value;
  throw new TypeError(`Cannot use "${value}" as ${settingName(name)}: it must match ${pattern}`);
}

/** The value, if it is one of those. */
export function choice<Value extends string>(
  name: SettingName,
  value: string,
  allowed: readonly Value[],
): Value {
  if (allowed.includes(value as Value)) return value as Value;
  throw new TypeError(
    `Cannot use "${value}" as ${settingName(name)}: it is one of ${allowed.join(", ")}`,
  );
}

/** Whether it is `true` or `1`; `false` and `0` are the others that there are. */
export function yesOrNo(name: SettingName, value: string): boolean {
  return ["true", "1"].includes(choice(name, value, ["true", "false", "1", "0"]));
}

/** A whole number from 1 on; `null` where nobody said any. */
export function optionalInteger(
  name: SettingName,
  value: string,
  max: number,
): number | null {
  return value === "" ? null : integer(name, value, 1, max);
}

/** A whole number. */
export function integer(name: SettingName, value: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new TypeError(
    `Cannot use "${value}" as ${settingName(name)}: it is a whole number from ${min} to ${max}`,
  );
}

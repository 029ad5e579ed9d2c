/** The units of systemd's that keep Viper running. Pure. */

/** What the units need to know. */
export interface UnitSettings {
  /** Starts `viper`; arguments follow. */
  readonly program: readonly string[];
  readonly envFile: string;
  readonly cacheDir: string;
  /** Folders that the daemon writes to. */
  readonly writable: readonly string[];
}

/** Units that rewrite the packet filter at their start, and would take our chains along. */
const FILTERS = "nftables.service ufw.service firewalld.service netfilter-persistent.service";

/** Capabilities that the daemon needs of root's, and what for. */
const CAPABILITIES = [
  // Bridge, taps, addresses, routes and the packet filter.
  ...["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE"],
  // Each hypervisor runs as a user of its own, and gives up what it does not need.
  ...["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"],
  // Files, sockets and cgroups are handed to those users, and removed after them.
  ...["CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE"],
  // Each gets a /dev of its own, in a mount namespace.
  ...["CAP_SYS_ADMIN", "CAP_MKNOD"],
  // Processes of those users are found again by their environment, and ended.
  ...["CAP_SYS_PTRACE", "CAP_KILL"],
].join(" ");

/** Devices that hypervisors open, and that are made anew in their own /dev. */
const DEVICES = ["kvm", "net/tun", "vhost-net", "vhost-vsock", "userfaultfd"];

/** `viper-network.service`: bridge, forwarding and rules, at each start of the host. */
export function networkUnit({ program, envFile, cacheDir }: UnitSettings): string {
  return unitText({
    Unit: [
      "Description=Viper's network: bridge, forwarding, packet filter",
      "Documentation=man:ip(8) man:iptables(8)",
      `After=network-pre.target ${FILTERS} docker.service`,
      "Before=viper-server.service",
    ],
    Service: [
      "Type=oneshot",
      // What it made stays when it is stopped; setup --undo takes it away.
      "RemainAfterExit=yes",
      ...environment(envFile, cacheDir),
      `ExecStart=${execLine([...program, "setup", "network"])}`,
      "TimeoutStartSec=120",
    ],
    Install: ["WantedBy=multi-user.target"],
  });
}

/** `viper-server.service`: the daemon. */
export function serverUnit({ program, envFile, cacheDir, writable }: UnitSettings): string {
  return unitText({
    Unit: [
      "Description=Viper: every browser in a microVM",
      "Requires=viper-network.service",
      "After=viper-network.service network-online.target",
      "Wants=network-online.target",
      // A host that comes up slowly is no reason to give up.
      "StartLimitIntervalSec=0",
    ],
    Service: [
      "Type=exec",
      ...environment(envFile, cacheDir),
      `ExecStart=${execLine([...program, "serve"])}`,
      "Restart=always",
      "RestartSec=2",
      // VMs outlive the daemon, which finds them again.
      "KillMode=process",
      "TimeoutStopSec=60",
      "OOMPolicy=continue",
      // A cgroup for each VM, beside that of the daemon; before systemd 254 at the top of the tree.
      "Delegate=yes",
      "DelegateSubgroup=daemon",
      "TasksMax=infinity",
      "LimitNOFILE=1048576",
      "UMask=0077",
      ...hardening(cacheDir, writable),
    ],
    Install: ["WantedBy=multi-user.target"],
  });
}

function hardening(cacheDir: string, writable: readonly string[]): string[] {
  return [
    "NoNewPrivileges=yes",
    `CapabilityBoundingSet=${CAPABILITIES}`,
    "ProtectSystem=strict",
    // The lock of iptables is there once the network unit has run.
    `ReadWritePaths=${[...writable, cacheDir, "-/run/xtables.lock"].map(quoted).join(" ")}`,
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateMounts=yes",
    "DevicePolicy=closed",
    ...DEVICES.map((device) => `DeviceAllow=/dev/${device} rwm`),
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_VSOCK",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap",
    "SystemCallErrorNumber=EPERM",
  ];
}

function environment(envFile: string, cacheDir: string): string[] {
  return [
    `EnvironmentFile=${envFile}`,
    // Where the binary unpacks itself: home folders are out of the services' sight.
    `Environment=${quoted(`VIPER_CACHE_DIR=${cacheDir}`)}`,
  ];
}

/** A command line as systemd reads it: `%`, `$` and quotes mean themselves. */
function execLine(argv: readonly string[]): string {
  return argv.map((word) => quoted(word).replaceAll("$", "$$$$")).join(" ");
}

function quoted(word: string): string {
  const text = word.replaceAll("%", "%%");
  if (/^[\w@%+=:,./$-]+$/.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function unitText(sections: Readonly<Record<string, readonly string[]>>): string {
  const text = Object.entries(sections).map(([name, lines]) => [`[${name}]`, ...lines].join("\n"));
  return ["# Made by viper setup, and removed by viper setup --undo.", ...text].join("\n\n") + "\n";
}

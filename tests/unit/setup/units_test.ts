/** The units as systemd gets them: golden texts, and systemd's own judgement where it is there. */
import assert from "node:assert/strict";
import { networkUnit, serverUnit } from "../../../setup/units.ts";

const SETTINGS = {
  program: ["/usr/local/bin/viper"],
  envFile: "/etc/viper/viper.env",
  cacheDir: "/var/cache/viper",
  writable: ["/var/lib/viper", "/var/log/viper"],
};

Deno.test("networkUnit() is a oneshot that comes after those that rewrite the filter", () => {
  assert.equal(
    networkUnit(SETTINGS),
    `# Made by viper setup, and removed by viper setup --undo.

[Unit]
Description=Viper's network: bridge, forwarding, packet filter
Documentation=man:ip(8) man:iptables(8)
After=network-pre.target nftables.service ufw.service firewalld.service netfilter-persistent.service docker.service
Before=viper-server.service

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/viper/viper.env
Environment=VIPER_CACHE_DIR=/var/cache/viper
ExecStart=/usr/local/bin/viper setup network
TimeoutStartSec=120

[Install]
WantedBy=multi-user.target
`,
  );
});

Deno.test("serverUnit() runs the daemon hardened, and lets its VMs outlive it", () => {
  assert.equal(
    serverUnit(SETTINGS),
    `# Made by viper setup, and removed by viper setup --undo.

[Unit]
Description=Viper: every browser in a microVM
Requires=viper-network.service
After=viper-network.service network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
EnvironmentFile=/etc/viper/viper.env
Environment=VIPER_CACHE_DIR=/var/cache/viper
ExecStart=/usr/local/bin/viper serve
Restart=always
RestartSec=2
KillMode=process
TimeoutStopSec=60
OOMPolicy=continue
Delegate=yes
DelegateSubgroup=daemon
TasksMax=infinity
LimitNOFILE=1048576
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_SYS_ADMIN CAP_MKNOD CAP_SYS_PTRACE CAP_KILL
ProtectSystem=strict
ReadWritePaths=/var/lib/viper /var/log/viper /var/cache/viper -/run/xtables.lock
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
DevicePolicy=closed
DeviceAllow=/dev/kvm rwm
DeviceAllow=/dev/net/tun rwm
DeviceAllow=/dev/vhost-net rwm
DeviceAllow=/dev/vhost-vsock rwm
DeviceAllow=/dev/userfaultfd rwm
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_VSOCK
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`,
  );
});

Deno.test("serverUnit() lets percent, dollar, quotes and spaces in paths mean themselves", () => {
  const text = serverUnit({ ...SETTINGS, program: ["/opt/100% a/$x", 'say "hi"'] });
  assert.match(text, /^ExecStart="\/opt\/100%% a\/\$\$x" "say \\"hi\\"" serve$/m);
});

const hasAnalyze = await new Deno.Command("systemd-analyze", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);
if (!hasAnalyze) console.log("systemd does not judge the units: there is no systemd-analyze");

Deno.test({ name: "the units pass systemd-analyze verify", ignore: !hasAnalyze }, async () => {
  const folder = await Deno.makeTempDir({ prefix: "viper-units-" });
  try {
    const settings = { ...SETTINGS, program: ["/bin/true"] };
    const paths = [`${folder}/viper-network.service`, `${folder}/viper-server.service`];
    await Deno.writeTextFile(paths[0]!, networkUnit(settings));
    await Deno.writeTextFile(paths[1]!, serverUnit(settings));
    const args = ["verify", ...paths];
    const { code, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
    // Older versions do not know it, and go on without.
    const complaints = new TextDecoder().decode(stderr).split("\n")
      .filter((line) => line !== "" && !line.includes("'DelegateSubgroup'"));
    assert.deepEqual([code, complaints], [0, []]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

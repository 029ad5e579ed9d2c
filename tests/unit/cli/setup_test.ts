/** `viper setup` as people and scripts meet it; what it does to a host is proven in tests/faults. */
import assert from "node:assert/strict";
import { runCli } from "../../../cli/main.ts";
import { FakeClock } from "../../fake_clock.ts";
import { ScriptTerminal } from "./script_terminal.ts";

/** A host of which nothing but variables, clock and owner may be used. */
function cli(argv: readonly string[], env: Record<string, string> = {}, isRoot = false) {
  const terminal = new ScriptTerminal();
  const refuse = new Proxy({}, {
    get: (_target, name) => () => {
      throw new Error(`the real host was used: ${String(name)}`);
    },
  });
  const run = () => Promise.reject(new Error("the real host was used: run"));
  const host = { env, isRoot, clock: new FakeClock(), files: refuse, net: refuse, run } as never;
  const assets = { selfCommand: ["/usr/local/bin/viper"] } as never;
  const { signal } = new AbortController();
  return runCli(["setup", ...argv], { host, terminal, signal, assets })
    .then((code) => ({ code, terminal }));
}

Deno.test("viper setup --dry-run prints every command and file, and touches nothing", async () => {
  const { code, terminal } = await cli(["--dry-run", "--bridge", "br9", "--root", "/image"]);
  assert.deepEqual([code, terminal.errors], [0, ""]);
  for (
    const line of [
      "run    apt-get --quiet update",
      "run    groupadd --system viper",
      "run    install -d -m 0700 -g root /image/var/lib/viper",
      "write  /image/etc/viper/viper.env  (mode 0600)",
      '         VIPER_BRIDGE="br9"',
      "write  /image/etc/systemd/system/viper-network.service  (mode 0644)",
      "write  /image/etc/systemd/system/viper-server.service  (mode 0644)",
      "         ExecStart=/usr/local/bin/viper serve",
      "run    ip link add name br9 address 02:56:c0:a8:7f:01 type bridge",
      'write  /proc/sys/net/ipv4/ip_forward  "1"',
      "run    iptables-restore --noflush --wait",
      "run    systemctl daemon-reload",
      "run    systemctl enable viper-server.service",
      "run    systemctl start viper-server.service",
    ]
  ) assert.ok(terminal.written.split("\n").includes(line), line);
});

Deno.test("viper setup --dry-run --no-start starts nothing, and --json is JSON", async () => {
  const { terminal } = await cli(["--dry-run", "--no-start", "--json"]);
  const { dry_run: lines } = JSON.parse(terminal.written) as { dry_run: string[] };
  assert.ok(lines.includes("run    systemctl enable viper-server.service"));
  assert.ok(!lines.some((line) => line.includes("systemctl start")));
});

Deno.test("viper setup prints no key, and puts none on a command line", async () => {
  const { terminal } = await cli(["--dry-run"], { VIPER_API_KEY: "hush-hush" });
  assert.match(terminal.written, /VIPER_API_KEY=…/);
  assert.ok(!(terminal.written + terminal.errors).includes("hush"));
});

const REFUSED: readonly [string[], boolean, number, RegExp][] = [
  [[], true, 2, /there is no terminal; say --yes/],
  [["--yes"], false, 1, /Cannot set up: it needs root; try sudo/],
  [["--dry-run", "--subnet", "x"], false, 1, /Cannot read the subnet "x"/],
];
for (const [argv, isRoot, expected, message] of REFUSED) {
  Deno.test(`viper setup ${argv.join(" ")} refuses, root: ${isRoot}`, async () => {
    const { code, terminal } = await cli(argv, {}, isRoot);
    assert.equal(code, expected);
    assert.match(terminal.errors, message);
  });
}

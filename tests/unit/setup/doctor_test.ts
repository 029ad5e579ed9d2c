/** What `viper doctor` finds on hosts that are made up: each row breaks one thing. */
import assert from "node:assert/strict";
import { CommandError, type Host } from "../../../host/host.ts";
import { VERSION } from "../../../protocol/version.ts";
import { readConfig } from "../../../server/config.ts";
import type { Runtime } from "../../../server/runtimes/runtime.ts";
import { examine } from "../../../setup/doctor.ts";
import type { Finding } from "../../../setup/finding.ts";
import { installation } from "../../../server/network/rules.ts";
import { networkSettings } from "../../../setup/settings.ts";
import { FakeClock } from "../../fake_clock.ts";

const ENV = {
  VIPER_DB_PATH: "/var/lib/viper/state.db",
  VIPER_RUNTIME_DIR: "/var/lib/viper/run",
  VIPER_LOG_DIR: "/var/log/viper",
  VIPER_IMAGE_DIR: "/var/lib/viper/image",
};
const CONFIG = readConfig({}, ENV);
const IMAGE = "/var/lib/viper/image/current";
const MANIFEST = {
  version: 1,
  built_at: "2023-12-01T00:00:00.000Z",
  inputs_sha256: "0".repeat(64),
  flavour: "headless-shell",
  suite: "bookworm",
  kernel_version: "6.1",
  browser_version: "156",
  agent_version: VERSION,
  trimmed: [],
  files: {},
  layouts: ["disk"],
};

/** A host that is well; rows change what is read, what commands print, and who listens. */
interface MadeUp {
  /** Text of files; `null` takes one away. */
  files: Record<string, string | null>;
  modes: Record<string, number>;
  /** Output of commands that begin so; `null`: the command fails. */
  commands: Record<string, string | null>;
  listening: Record<number, string>;
  isSetUp: boolean;
  accel: "kvm" | "tcg" | null;
}

function wellHost(): MadeUp {
  const saved = installation(networkSettings(CONFIG, []), "").replaceAll("-I ", "-A ");
  return {
    files: {
      "/proc/cpuinfo": "flags : fpu vmx sse\n",
      "/proc/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
      "/proc/meminfo": "MemAvailable: 8000000 kB\n",
      "/proc/sys/net/ipv4/ip_forward": "1\n",
      "/sys/fs/cgroup/cgroup.controllers": "cpu io memory pids\n",
      "/dev/kvm": "",
      "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
      "/etc/subuid": "me:100000:65536\n",
      "/run/systemd/system": "",
      "/var/lib/viper": "",
      "/var/lib/viper/run": "",
      "/var/lib/viper/image": "",
      "/var/log/viper": "",
      "/var/lib/viper/state.db": "",
      "/var/lib/viper/admin.key": "key",
      "/etc/viper/viper.env": "",
      [`${IMAGE}/manifest.json`]: JSON.stringify(MANIFEST),
    },
    modes: {},
    commands: {
      "/bin/sh": "",
      "iptables --version": "iptables v1.8.9 (nf_tables)\n",
      "iptables-save": saved,
      "ip -details -json link": JSON.stringify([{
        ifname: "viperbr0",
        flags: ["UP"],
        linkinfo: { info_kind: "bridge" },
      }]),
      "ip -json -4 address": JSON.stringify([
        { ifname: "viperbr0", addr_info: [{ local: "192.168.127.1" }] },
      ]),
      "sha256sum": "",
      "df": "Mounted Avail\n/ 9000\n",
      "systemctl show":
        "UnitFileState=enabled\nActiveState=active\nNeedDaemonReload=no\nExecMainStartTimestamp=@1\n",
      "timedatectl": "yes\n",
    },
    listening: { 7777: JSON.stringify({ status: "ok", version: VERSION }), 7778: "" },
    isSetUp: true,
    accel: "kvm",
  };
}

async function diagnose(change: (host: MadeUp) => void): Promise<Finding[]> {
  const made = wellHost();
  change(made);
  const runtime = {
    name: "qemu",
    traits: { image: true, network: true },
    probe: () =>
      Promise.resolve(
        made.accel === null
          ? { available: false, reason: "not installed", hint: "apt-get install qemu" }
          : {
            available: true,
            version: "7.2",
            accel: made.accel,
            ...(made.accel === "tcg" ? { warning: "slow" } : {}),
          },
      ),
  } as unknown as Runtime;
  const { isSetUp } = made;
  return await examine({ host: hostOf(made), config: CONFIG, isSetUp, runtimes: [runtime] });
}

function hostOf({ files, modes, commands, listening }: MadeUp): Host {
  const read = (path: string) => {
    const text = files[path] ?? null;
    if (text === null) throw Object.assign(new Error(`no "${path}"`), { code: "ENOENT" });
    return text;
  };
  const isDirectory = (path: string) => !/\.(db|key|env|json)$|^\/dev\//.test(path);
  const run = (_label: string, argv: readonly string[], options?: { okCodes?: number[] }) => {
    const known = Object.keys(commands).find((start) => argv.join(" ").startsWith(start));
    const stdout = known === undefined ? null : commands[known] ?? null;
    const output = { code: stdout === null ? 1 : 0, signal: null, stdout: stdout ?? "" };
    const stderr = stdout === null ? "it does not exist" : "";
    if (stdout !== null || options?.okCodes?.includes(1)) {
      return Promise.resolve({ ...output, stderr });
    }
    return Promise.reject(new CommandError("failed", `${argv[0]} failed`));
  };
  return {
    run,
    clock: new FakeClock(),
    env: {},
    isRoot: true,
    files: {
      readText: (_label: string, path: string) => Promise.resolve().then(() => read(path)),
      realPath: (_label: string, path: string) =>
        Promise.resolve((files[path] ?? null) === null ? null : path),
      stat: (_label: string, path: string) =>
        Promise.resolve(
          (files[path] ?? null) === null ? null : {
            isDirectory: isDirectory(path),
            isFile: !isDirectory(path),
            mode: modes[path] ?? (isDirectory(path) ? 0o700 : 0o600),
            modifiedAt: new Date(0),
          },
        ),
    },
    net: {
      connect: (_label: string, { port }: { port: number }) =>
        port in listening
          ? Promise.resolve({ close: () => {} })
          : Promise.reject(new Error("refused")),
      fetch: () => Promise.resolve(new Response(listening[7777] ?? "")),
    },
  } as unknown as Host;
}

Deno.test("examine() passes everything on a host that is well", async () => {
  const findings = await diagnose(() => {});
  assert.deepEqual(findings.filter(({ status }) => status !== "pass"), []);
  assert.ok(findings.length > 15);
});

type Row = [
  title: string,
  change: (host: MadeUp) => void,
  check: string,
  Finding["status"],
  RegExp,
];

const ROWS: readonly Row[] = [
  [
    "a processor without the flags",
    (host) => host.files["/proc/cpuinfo"] = "flags : fpu\n",
    "hardware virtualisation",
    "warn",
    /neither vmx nor svm/,
  ],
  ["emulation", (host) => host.accel = "tcg", "runtime qemu", "warn", /chosen. slow/],
  ["no runtime", (host) => host.accel = null, "runtime", "fail", /"auto" finds none/],
  [
    "missing programs",
    (host) => host.commands["/bin/sh"] = null,
    "programs",
    "fail",
    /not on PATH/,
  ],
  [
    "a bridge that is gone",
    (host) => host.commands["ip -details -json link"] = null,
    "bridge",
    "fail",
    /there is no "viperbr0"/,
  ],
  [
    "no bridge yet, where nothing was set up",
    (host) => {
      host.isSetUp = false;
      host.commands["ip -details -json link"] = null;
    },
    "bridge",
    "warn",
    /viper serve/,
  ],
  [
    "a bridge without its address",
    (host) => host.commands["ip -json -4 address"] = "[]",
    "bridge",
    "fail",
    /viperbr0 lacks 192.168.127.1/,
  ],
  [
    "the subnet in use elsewhere",
    (host) =>
      host.commands["ip -json -4 address"] = JSON.stringify([
        { ifname: "viperbr0", addr_info: [{ local: "192.168.127.1" }] },
        { ifname: "eth7", addr_info: [{ local: "192.168.127.9" }] },
      ]),
    "subnet",
    "fail",
    /eth7 has 192.168.127.9/,
  ],
  [
    "no forwarding",
    (host) => host.files["/proc/sys/net/ipv4/ip_forward"] = "0\n",
    "forwarding",
    "fail",
    /ip_forward = 0/,
  ],
  [
    "flushed rules",
    (host) => host.commands["iptables-save"] = "*filter\nCOMMIT\n",
    "packet filter",
    "fail",
    /rules of viperbr0 are missing/,
  ],
  [
    "cgroups of version 1",
    (host) => host.files["/proc/mounts"] = "",
    "cgroups",
    "warn",
    /no cgroup/,
  ],
  [
    "a missing controller",
    (host) => host.files["/sys/fs/cgroup/cgroup.controllers"] = "cpu memory\n",
    "cgroups",
    "warn",
    /lacks pids/,
  ],
  [
    "no image",
    (host) => host.files[`${IMAGE}/manifest.json`] = null,
    "guest image",
    "fail",
    /there is no/,
  ],
  [
    "a damaged image",
    (host) => host.commands["sha256sum"] = null,
    "guest image",
    "fail",
    /do not fit their checksums/,
  ],
  [
    "an image of another version",
    (host) =>
      host.files[`${IMAGE}/manifest.json`] = JSON.stringify({ ...MANIFEST, agent_version: "0" }),
    "guest image",
    "warn",
    /this is Viper/,
  ],
  [
    "a clock behind the image",
    (host) =>
      host.files[`${IMAGE}/manifest.json`] = JSON.stringify({
        ...MANIFEST,
        built_at: "2030-01-01T00:00:00.000Z",
      }),
    "clock",
    "fail",
    /the image was built later/,
  ],
  [
    "no time server",
    (host) => host.commands["timedatectl"] = "no\n",
    "clock",
    "warn",
    /time server/,
  ],
  [
    "a folder that is gone",
    (host) => host.files["/var/log/viper"] = null,
    "folder /var/log/viper",
    "fail",
    /not there/,
  ],
  [
    "a folder that others write to",
    (host) => host.modes["/var/lib/viper/run"] = 0o777,
    "folder /var/lib/viper/run",
    "fail",
    /mode 777/,
  ],
  [
    "a key that others may read",
    (host) => host.modes["/var/lib/viper/admin.key"] = 0o644,
    "secrets",
    "fail",
    /mode 644/,
  ],
  [
    "numbers of users that somebody has",
    (host) => host.files["/etc/subuid"] = "me:1900000000:65536\n",
    "VMs' users",
    "fail",
    /belong to me/,
  ],
  ["a full disk", (host) => host.commands["df"] = "M A\n/ 100\n", "disk /", "fail", /100 MB free/],
  [
    "a filling disk",
    (host) => host.commands["df"] = "M A\n/ 900\n",
    "disk /",
    "warn",
    /900 MB free/,
  ],
  [
    "little memory",
    (host) => host.files["/proc/meminfo"] = "MemAvailable: 1000000 kB\n",
    "memory",
    "warn",
    /976 MB free/,
  ],
  ["no daemon", (host) => host.listening = {}, "daemon", "fail", /nothing listens/],
  [
    "somebody else on the port",
    (host) => host.listening[7777] = "<html>",
    "daemon",
    "fail",
    /does not answer as a daemon/,
  ],
  [
    "a daemon of another version",
    (host) => host.listening[7777] = '{"status":"ok","version":"0"}',
    "daemon",
    "warn",
    /Viper 0 answers/,
  ],
  [
    "somebody else on the guests' port",
    (host) => host.listening = { 7778: "" },
    "guests' port",
    "fail",
    /something else/,
  ],
  [
    "a service that does not run",
    (host) => host.commands["systemctl show"] = "UnitFileState=enabled\nActiveState=failed\n",
    "service viper-server.service",
    "fail",
    /enabled, not active/,
  ],
  [
    "no systemd",
    (host) => host.files["/run/systemd/system"] = null,
    "services",
    "warn",
    /systemd does not run this host/,
  ],
];

for (const [title, change, check, status, seen] of ROWS) {
  Deno.test(`examine() sees ${title}`, async () => {
    const findings = await diagnose(change);
    const found = findings.find((finding) => finding.check === check);
    assert.ok(found !== undefined, findings.map((finding) => finding.check).join(", "));
    assert.equal(found.status, status);
    assert.match(found.seen, seen);
    if (status === "fail") assert.ok(found.mend, "says what mends it");
  });
}

Deno.test("examine() tells of a check that cannot look, and goes on", async () => {
  const findings = await diagnose((host) => host.files["/proc/mounts"] = null);
  const cgroups = findings.find(({ check }) => check === "cgroups");
  assert.equal(cgroups?.status, "warn");
  assert.match(cgroups?.seen ?? "", /cannot be looked at: no "\/proc\/mounts"/);
  assert.ok(findings.some(({ check }) => check === "clock"));
});

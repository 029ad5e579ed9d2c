/** Settings: where they come from, and what is refused. */
import assert from "node:assert/strict";
import {
  adminKeyFile,
  type Config,
  type ConfigFlags,
  isLoopback,
  listenAddress,
  readConfig,
  stateDatabase,
} from "../../../server/config.ts";
import { VARIABLES } from "../../../server/settings.ts";

/** Setting, member of the config, and two values with what they are read as. */
const SETTINGS: readonly [keyof ConfigFlags, keyof Config, string, unknown, string, unknown][] = [
  [
    ...["listen", "apiListen"] as const,
    ...["127.0.0.1:1", { hostname: "127.0.0.1", port: 1 }] as const,
    ...["[::1]:2", { hostname: "::1", port: 2 }] as const,
  ],
  ["socket", "socket", "/a/s", "/a/s", "/b/s", "/b/s"],
  ["insecureLoopback", "insecureLoopback", "1", true, "true", true],
  ["allowCidr", "allowCidr", "10.0.0.0/8, ::1", ["10.0.0.0/8", "::1"], "10.0.0.1", ["10.0.0.1"]],
  ["trustedProxies", "trustedProxies", "10.0.0.1", ["10.0.0.1"], "10.0.0.2", ["10.0.0.2"]],
  ["profileKeyFile", "profileKeyFile", "/a/p.key", "/a/p.key", "/b/p.key", "/b/p.key"],
  ["db", "dbPath", "/a/x.db", "/a/x.db", "/b/x.db", "/b/x.db"],
  ["runtimeDir", "runtimeDir", "/a", "/a", "/b", "/b"],
  ["logDir", "logDir", "/a", "/a", "/b", "/b"],
  ["imageDir", "imageDir", "/a", "/a", "/b", "/b"],
  ["runtime", "runtime", "qemu", "qemu", "local", "local"],
  ["hypervisor", "hypervisor", "/a/ch", "/a/ch", "ch", "ch"],
  ["bridge", "bridge", "br0", "br0", "br1", "br1"],
  ["subnet", "subnet", "10.0.0.0/24", "10.0.0.0/24", "10.1.0.0/24", "10.1.0.0/24"],
  ["hostIp", "hostIp", "10.0.0.1", "10.0.0.1", "10.1.0.1", "10.1.0.1"],
  ["guestPort", "guestPort", "1", 1, "2", 2],
  ["guestOpenPorts", "guestOpenPorts", "1,2", [1, 2], "3", [3]],
  ["vmLimit", "vmLimit", "1", 1, "2", 2],
  ["cpuLimit", "cpuLimit", "1", 1, "2", 2],
  ["memoryLimitMb", "memoryLimitMb", "1", 1, "2", 2],
  ["maxCpuCores", "maxCpuCores", "4", 4, "5", 5],
  ["maxMemoryMb", "maxMemoryMb", "4096", 4_096, "8192", 8_192],
  ["defaultCpuCores", "defaultCpuCores", "1", 1, "3", 3],
  ["defaultMemoryMb", "defaultMemoryMb", "64", 64, "128", 128],
  ["defaultEgress", "defaultEgress", "none", "none", "10.0.0.0/8", ["10.0.0.0/8"]],
  ["onShutdown", "onShutdown", "keep", "keep", "stop", "stop"],
  ["firstUid", "firstUid", "100000", 100_000, "0", null],
  ["bootTimeoutMs", "bootTimeoutMs", "1", 1, "2", 2],
  ["logFormat", "logFormat", "json", "json", "pretty", "pretty"],
];

for (const [setting, member, one, oneRead, other, otherRead] of SETTINGS) {
  Deno.test(`readConfig() takes ${setting} from flag, then variable, then default`, () => {
    const env = { [VARIABLES[setting]]: other };
    assert.deepEqual(readConfig({ [setting]: one }, env)[member], oneRead);
    assert.deepEqual(readConfig({}, env)[member], otherRead);
    const fallback = readConfig({}, {})[member];
    assert.notDeepEqual(fallback, otherRead);
    // A variable that is set to nothing says nothing.
    assert.deepEqual(readConfig({}, { [VARIABLES[setting]]: "" })[member], fallback);
  });
}

Deno.test("readConfig() knows every setting of VARIABLES in this table", () => {
  const tested = [...SETTINGS.map(([setting]) => setting), "tlsCert", "tlsKey"];
  assert.deepEqual(tested.sort(), Object.keys(VARIABLES).sort());
});

Deno.test("readConfig() has the defaults of the floor and is frozen", () => {
  const config = readConfig({}, { HOME: "/home/me" });
  assert.deepEqual(config, {
    apiListen: { hostname: "127.0.0.1", port: 7777 },
    apiKey: null,
    socket: "/home/me/.viper/viper.sock",
    insecureLoopback: false,
    allowCidr: [],
    trustedProxies: [],
    tlsCert: null,
    tlsKey: null,
    dbPath: "/home/me/.viper/state.db",
    profileKeyFile: "/home/me/.viper/profiles.key",
    runtimeDir: "/home/me/.viper/run",
    logDir: "/home/me/.viper/logs",
    imageDir: "/home/me/.viper/image",
    runtime: "auto",
    hypervisor: "cloud-hypervisor",
    bridge: "viperbr0",
    subnet: "192.168.127.0/24",
    hostIp: "192.168.127.1",
    guestPort: 7778,
    guestOpenPorts: [],
    vmLimit: 64,
    cpuLimit: null,
    memoryLimitMb: null,
    maxCpuCores: 64,
    maxMemoryMb: 262_144,
    defaultCpuCores: 2,
    defaultMemoryMb: 2_048,
    defaultEgress: "internet",
    onShutdown: "keep",
    firstUid: 1_900_000_000,
    bootTimeoutMs: null,
    logFormat: "json",
  });
  assert.ok(Object.isFrozen(config));
});

Deno.test("readConfig() takes Cloud Hypervisor's program by either variable", () => {
  const specific = { VIPER_CLOUD_HYPERVISOR: "build/ch", PWD: "/srv" };
  assert.equal(readConfig({}, specific).hypervisor, "/srv/build/ch");
  assert.equal(readConfig({}, { ...specific, VIPER_HYPERVISOR: "ch" }).hypervisor, "ch");
});

Deno.test("readConfig() makes paths absolute, since other processes read them", () => {
  assert.equal(readConfig({ db: "state.db" }, { PWD: "/srv" }).dbPath, "/srv/state.db");
});

const BAD: readonly [keyof ConfigFlags, readonly string[]][] = [
  ["listen", ["7777", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", ":70000", "::1:7777", "a b:1"]],
  ["insecureLoopback", ["yes", "TRUE", "2"]],
  ["socket", [`/${"a".repeat(107)}`]],
  ["runtime", ["docker", "QEMU", "qemu "]],
  ["bridge", ["", "br 0", "a".repeat(16), "../x", "-br"].filter(Boolean)],
  ["guestPort", ["-1", "65536", "1.5", "0x10", "1e3", " 1"]],
  ["guestOpenPorts", ["0", "80,x", "80, 81", "65536"]],
  ["vmLimit", ["0", "-1", "many", "65535"]],
  ["cpuLimit", ["0", "few", "1000001"]],
  ["memoryLimitMb", ["0", "all"]],
  ["maxCpuCores", ["0", "65"]],
  ["maxMemoryMb", ["63", "262145"]],
  ["defaultCpuCores", ["0", "65"]],
  ["defaultMemoryMb", ["63", "262145"]],
  ["defaultEgress", ["lan", "10.0.0.0/33", "10.0.0.1"]],
  ["onShutdown", ["kill", "KEEP"]],
  ["firstUid", ["-1", "2147400001", "root"]],
  ["bootTimeoutMs", ["0", "soon", "3600001", "1s"]],
  ["logFormat", ["JSON", "text"]],
];

for (const [setting, values] of BAD) {
  for (const value of values) {
    Deno.test(`readConfig() refuses ${setting} "${value}" with its variable and value`, () => {
      assert.throws(() => readConfig({}, { [VARIABLES[setting]]: value }), (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.ok(error.message.includes(VARIABLES[setting]), error.message);
        const quoted = setting === "guestOpenPorts" ? /"[^"]*"/.test(error.message) : false;
        const port = value.split(":").at(-1) ?? "";
        const names = [`"${value}"`, `"${port}"`].some((text) => error.message.includes(text));
        assert.ok(quoted || names, error.message);
        assert.ok(!error.message.endsWith("."));
        return true;
      });
    });
  }
}

for (const listen of ["0.0.0.0:7777", "[::]:7777", "10.0.0.1:7777", "myhost:7777"]) {
  Deno.test(`readConfig() takes ${listen}, but not with --insecure-loopback`, () => {
    const insecureLoopback = true;
    assert.throws(() => readConfig({ listen, insecureLoopback }, {}), /without keys: leave/);
    assert.equal(readConfig({ listen }, {}).insecureLoopback, false);
  });
}

Deno.test("readConfig() takes the certificate and key of HTTPS together or not at all", () => {
  const { tlsCert, tlsKey } = readConfig({ tlsCert: "c.pem" }, {
    VIPER_TLS_KEY: "/k.pem",
    PWD: "/srv",
  });
  assert.deepEqual([tlsCert, tlsKey], ["/srv/c.pem", "/k.pem"]);
  assert.throws(() => readConfig({ tlsCert: "/c" }, {}), /"\/c" alone: set VIPER_TLS_KEY/);
  assert.throws(() => readConfig({ tlsKey: "/k" }, {}), /"\/k" alone: set VIPER_TLS_CERT/);
});

Deno.test("readConfig() puts the socket beside the database", () => {
  assert.equal(readConfig({ db: "/srv/state.db" }, {}).socket, "/srv/viper.sock");
  assert.equal(adminKeyFile("/srv/state.db"), "/srv/admin.key");
  assert.equal(stateDatabase({ HOME: "/me" }), "/me/.viper/state.db");
  assert.equal(stateDatabase({ VIPER_DB_PATH: "s.db", PWD: "/srv" }), "/srv/s.db");
});

Deno.test("listenAddress() means loopback by a port alone", () => {
  assert.deepEqual(listenAddress(":80"), { hostname: "127.0.0.1", port: 80 });
});

Deno.test("isLoopback() is true of this machine's own addresses alone", () => {
  for (const own of ["127.0.0.1", "127.1.2.3", "localhost", "::1"]) assert.ok(isLoopback(own));
  for (const other of ["127.0.0.1.evil.test", "0.0.0.0", "10.0.0.1", "localhost.evil.test", ""]) {
    assert.ok(!isLoopback(other), other);
  }
});

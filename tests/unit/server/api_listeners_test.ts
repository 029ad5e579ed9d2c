/** The API's two listeners: opened together or not at all, with a word where that is not safe. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { denoHost } from "../../../host/deno_host.ts";
import type { ServeAddress } from "../../../host/host.ts";
import { listenForApi, openAdmission } from "../../../server/api_listeners.ts";
import { type ConfigFlags, readConfig } from "../../../server/config.ts";
import { Tickets } from "../../../server/keys/tickets.ts";
import { keyWorld } from "./keys/key_world.ts";

const TLS = { tlsCert: "/c.pem", tlsKey: "/k.pem" };

/** A host whose sockets are only noted; those in `taken` cannot be had. */
function listeningHost(taken: "tcp" | "unix" | null = null) {
  const log: string[] = [];
  const open = new Set<string>();
  const served: ServeAddress[] = [];
  /** Servers behind those. */
  const behind = { count: 0 };
  const real = denoHost({ log: (level, message) => log.push(`${level} ${message}`) });
  const readText = (_label: string, path: string) =>
    path.endsWith(".pem") ? Promise.resolve(`PEM ${path}`) : Promise.reject(new Error("ENOENT"));
  const files = { ...real.files, readText };
  const serve = () => {
    behind.count++;
    return Promise.resolve({ port: 4712, shutdown: () => Promise.resolve(void behind.count--) });
  };
  const accept = (_label: string, address: ServeAddress) => {
    const kind = "path" in address ? "unix" : "tcp";
    if (kind === taken) return Promise.reject(new Error("address in use"));
    open.add(kind);
    served.push(address);
    return Promise.resolve({ port: 4711, close: () => void open.delete(kind) });
  };
  const net = { ...real.net, serve, accept };
  return { ...{ log, open, served, behind }, host: { ...real, files, net } };
}

const configOf = (flags: ConfigFlags) => readConfig({ db: "/nowhere/state.db", ...flags }, {});

/** Settings, URL, what is warned of. */
const LISTENING: readonly [ConfigFlags, string, RegExp | null][] = [
  [{}, "http://127.0.0.1:4711", null],
  [{ listen: "[::1]:0" }, "http://[::1]:4711", null],
  [{ listen: "0.0.0.0:0" }, "http://0.0.0.0:4711", /unencrypted: set --tls-cert/],
  [{ listen: "0.0.0.0:0", ...TLS }, "https://0.0.0.0:4711", null],
  [TLS, "https://127.0.0.1:4711", null],
  [{ insecureLoopback: true }, "http://127.0.0.1:4711", /every user of this machine is an admin/],
];

for (const [flags, url, warning] of LISTENING) {
  Deno.test(`listenForApi() with ${JSON.stringify(flags)} is ${url}, warning of ${warning}`, async () => {
    const { host, log, open, served, behind } = listeningHost();
    {
      await using listener = await listenForApi(configOf(flags), host, new Hono());
      assert.equal(listener.url, url);
      assert.deepEqual([...open], ["unix", "tcp"]);
      assert.equal(behind.count, 2);
    }
    assert.deepEqual([open.size, behind.count], [0, 0]);
    assert.equal(log.length, warning === null ? 0 : 1);
    if (warning !== null) assert.match(log[0] ?? "", warning);
    assert.equal(JSON.stringify(served).includes("PEM /k.pem"), "tlsKey" in flags);
  });
}

for (const taken of ["tcp", "unix"] as const) {
  Deno.test(`listenForApi() leaves nothing open when ${taken} cannot be had`, async () => {
    const { host, open, behind } = listeningHost(taken);
    const listening = listenForApi(configOf({}), host, new Hono());
    await assert.rejects(listening, /Cannot listen on .*address in use; end what holds it/);
    assert.deepEqual([open.size, behind.count], [0, 0]);
  });
}

Deno.test("listenForApi() names the setting of a file that cannot be read, and opens nothing", async () => {
  const { host, open } = listeningHost();
  const config = configOf({ tlsCert: "/c.pem", tlsKey: "/missing" });
  await assert.rejects(
    listenForApi(config, host, new Hono()),
    /Cannot read "\/missing" of VIPER_TLS_KEY: ENOENT/,
  );
  assert.equal(open.size, 0);
});

for (const name of ["allowCidr", "trustedProxies"] as const) {
  Deno.test(`openAdmission() refuses ${name} with an entry that is no address`, () => {
    using world = keyWorld();
    const parts = { keys: world.keys, tickets: new Tickets(world.keys, world.host) };
    const config = configOf({ [name]: "10.0.0.0/8,nonsense" });
    assert.throws(
      () => openAdmission(config, world.host, parts),
      /Cannot use "nonsense" in VIPER_/,
    );
  });
}

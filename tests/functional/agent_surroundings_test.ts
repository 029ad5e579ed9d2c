/**
 * Goal: what one VM has around its Chrome, authorities and a proxy with a password, works and stays
 * its own. Method: a real agent and Chrome, sites and a proxy on loopback.
 */
import assert from "node:assert/strict";
import { startAgent } from "./agent_fixture.ts";
import { startAskingProxy } from "./asking_proxy.ts";
import { type Authority, makeAuthority } from "./certificate.ts";

const folder = await Deno.makeTempDir({ prefix: "viper-authority-" });
const authority = await makeAuthority(folder);
await Deno.remove(folder, { recursive: true });
const hasCertutil = await new Deno.Command("certutil", { args: ["-H"] }).output()
  .then(() => true, () => false);
const skip = authority === null || !hasCertutil;
if (skip) console.log("tests of authorities are skipped: they need openssl and certutil");

const PAGE = "<title>private</title>";
const PASSWORD = "5ec2e7-p%40ss wörd";

function serveTls({ cert, key }: Authority) {
  const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
  return Deno.serve(
    options,
    () => new Response(PAGE, { headers: { "content-type": "text/html" } }),
  );
}

Deno.test({
  name: "Chrome trusts the authorities of its VM, for what they sign, and nobody else does",
  ignore: skip,
  fn: async () => {
    assert.ok(authority !== null);
    await using site = serveTls(authority);
    const url = `https://localhost:${site.addr.port}/`;
    {
      await using agent = await startAgent({ chrome: { ca_certificates: [authority.ca] } });
      assert.equal((await agent.client.navigate({ url })).title, "private");
      const elsewhere = agent.client.navigate({ url: url.replace("localhost", "127.0.0.1") });
      await assert.rejects(elsewhere, /ERR_CERT_COMMON_NAME_INVALID/);
    }
    await using plain = await startAgent();
    await assert.rejects(plain.client.navigate({ url }), /ERR_CERT_AUTHORITY_INVALID/);
  },
});

Deno.test({
  name: "Chrome reaches sites by a proxy whose password only the agent knows",
  ignore: skip,
  fn: async (t) => {
    assert.ok(authority !== null);
    await using site = serveTls(authority);
    const secret = { username: "user", password: PASSWORD };
    using proxy = await startAskingProxy({ ...secret, port: site.addr.port });
    const server = `http://127.0.0.1:${proxy.port}`;
    await using agent = await startAgent({
      chrome: {
        ca_certificates: [authority.ca],
        proxy: { server, ...secret },
        args: [`--proxy-server=${server}`, "--proxy-bypass-list=<-loopback>"],
      },
    });

    await t.step("plain requests, each of them on a connection that is kept", async () => {
      const { title } = await agent.client.navigate({ url: "http://site.test/" });
      assert.equal(title, "proxied /");
      const inner = "[...document.querySelectorAll('iframe')].map((f) => f.contentDocument.title)";
      const { result } = await agent.client.evaluate({ expression: inner });
      assert.deepEqual(result, ["proxied /a", "proxied /b", "proxied /c"]);
    });

    await t.step("tunnels", async () => {
      const url = `https://localhost:${site.addr.port}/`;
      assert.equal((await agent.client.navigate({ url })).title, "private");
      assert.ok(proxy.let.some((line) => line.startsWith(`CONNECT localhost:${site.addr.port}`)));
      assert.deepEqual(proxy.refused, []);
    });

    await t.step("the password is on no command line and in no log", () => {
      const basic = new TextEncoder().encode(`user:${PASSWORD}`).toBase64();
      const pids = [agent.child.pid, ...agent.chromeProcesses()];
      const said = [
        ...pids.map((pid) => Deno.readTextFileSync(`/proc/${pid}/cmdline`)),
        ...agent.logged.map(({ line }) => line),
      ].join("\n");
      for (const word of [PASSWORD, "5ec2e7", basic]) assert.ok(!said.includes(word), word);
    });
  },
});

Deno.test("a proxy that takes no password so is told to the page", async () => {
  const secret = { username: "user", password: PASSWORD };
  using proxy = await startAskingProxy({ ...secret, port: 9 });
  const server = `http://127.0.0.1:${proxy.port}`;
  await using agent = await startAgent({
    chrome: { proxy: { server, ...secret, password: "another" } },
  });
  const going = agent.client.navigate({ url: "http://site.test/" });
  const { http_status } = await going.catch(({ message }) => ({ http_status: message }));
  assert.match(String(http_status), /407|ERR_INVALID_AUTH_CREDENTIALS|ERR_PROXY_AUTH/);
  assert.deepEqual(proxy.let, []);
});

Deno.test("a password for one origin is told to no proxy on the way there", async () => {
  const secret = { username: "me", password: "for the site" };
  using proxy = await startAskingProxy({ ...secret, port: 9 });
  const flags = [
    "--proxy-server=http://127.0.0.1:" + proxy.port,
    "--proxy-bypass-list=<-loopback>",
  ];
  await using agent = await startAgent({ chrome: { args: flags } });
  const url = "http://site.test/";
  await agent.client.emulate({ http_auth: { ...secret, origin: url } });
  await agent.client.navigate({ url });
  assert.notEqual(proxy.refused.length, 0);
  assert.deepEqual(proxy.let, []);
  await agent.client.emulate({ http_auth: secret });
  await agent.client.navigate({ url });
  assert.notEqual(proxy.let.length, 0);
});

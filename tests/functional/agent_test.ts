/**
 * Goal: the agent's life, from its start to its end, whatever happens to Chrome in between.
 * Method: the real program as a child process, with a real Chrome and a daemon that only listens.
 */
import assert from "node:assert/strict";
import { endingWithUs, findChrome } from "../../agent/chrome_command.ts";
import { processTree } from "../../agent/process_tree.ts";
import { denoHost } from "../../host/deno_host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Audience } from "../../protocol/signature.ts";
import { Signer } from "../../protocol/signer.ts";
import {
  killAll,
  serveSite,
  spawnAgent,
  startAgent,
  type TestAgent,
  tryKill,
  until,
  within,
} from "./agent_fixture.ts";

/** Of Chrome's processes the one that the others descend from. */
function isBrowser(pid: number): boolean {
  return commandOf(pid).includes("--remote-debugging-port") && !commandOf(pid).includes("--type=");
}

/** Empty when the process is gone. */
function commandOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return "";
  }
}

/** An action that runs on the page until something ends it: then it is told why. */
async function endlessAction({ client }: TestAgent): Promise<() => Promise<ViperError>> {
  const acting = client.evaluate({ expression: "globalThis.begun = true, new Promise(() => {})" })
    .then(() => assert.fail("it has no end of its own"), (error) => error);
  await client.waitFunction({ expression: "globalThis.begun" });
  return () => acting;
}

/** The headers that sign a request for `/elsewhere`. */
async function signatureOf(token: string, audience: Audience): Promise<Record<string, string>> {
  let headers = new Headers();
  const keep = (_url: string, init: RequestInit) => {
    headers = new Headers(init.headers);
    return Promise.resolve(new Response());
  };
  const signer = new Signer(token, audience, denoHost({ log: () => {} }));
  await signer.send(keep, "http://127.0.0.1/elsewhere", { method: "POST", body: "{}" });
  return Object.fromEntries(headers);
}

Deno.test("agent announces itself once, signed and with its facts", async () => {
  await using agent = await startAgent();

  assert.equal(agent.announces.length, 1);
  assert.equal(agent.refused(), 0);
  const [announce] = agent.announces;
  assert.equal(announce?.vm_id, "vm-1");
  assert.equal(announce?.agent_version, agent.version);
  assert.equal(announce?.browser_restarts, 0);
  assert.match(announce?.browser_version ?? "", /Chrome\/\d+/);
  const health = await agent.client.health({});
  assert.equal(health.status, "ok");
  assert.equal(health.browser_version, announce?.browser_version);
  assert.equal(health.browser_uid, Deno.uid());
});

Deno.test("agent announces again until the daemon takes it", async () => {
  await using agent = await startAgent({ refuseFirst: 2 });

  assert.equal(agent.refused(), 2);
  assert.equal(agent.announces.length, 1);
});

Deno.test("agent serves nothing but its health without a signature of its key", async (t) => {
  await using agent = await startAgent();
  const headers: [string, Record<string, string>][] = [
    ["no header", {}],
    ["the key itself", { authorization: `Bearer ${agent.token}` }],
    ["another VM's signature", await signatureOf("0".repeat(64), "agent")],
    ["a signature meant for the daemon", await signatureOf(agent.token, "daemon")],
    ["a signature of another request", await signatureOf(agent.token, "agent")],
  ];
  const routes = ["/v1/dom/click", "/v1/script/evaluate", "/v1/devtools", "/nowhere", "/healthz/"];
  for (const [title, header] of headers) {
    await t.step(title, async () => {
      for (const route of routes) {
        const init = route === "/v1/devtools" ? {} : { method: "POST", body: "{}" };
        const response = await fetch(agent.baseUrl + route, { ...init, headers: header });
        assert.equal(response.status, 401, route);
        assert.equal((await response.json()).code, "unauthorized");
        assert.equal(response.headers.get("content-type"), "application/problem+json");
      }
    });
  }
  await t.step("health needs none", async () => {
    const response = await fetch(`${agent.baseUrl}/healthz`);
    assert.equal((await response.json()).status, "ok");
  });
  await t.step("the right one is let in", async () => {
    const { result } = await agent.client.evaluate({ expression: "1 + 1" });
    assert.equal(result, 2);
  });
});

Deno.test("agent takes a caller that hangs up for no fault of its own", async () => {
  await using agent = await startAgent();
  const caller = new AbortController();
  const body = JSON.stringify({ text: "never there" });
  const call = agent.signedFetch(`${agent.baseUrl}/v1/dom/wait-text`, {
    ...{ method: "POST", body, signal: caller.signal },
    headers: { "content-type": "application/json" },
  });
  await agent.client.evaluate({ expression: "1" });
  caller.abort();
  await assert.rejects(call, { name: "AbortError" });
  const told = () => agent.logged.find(({ line }) => line.includes("A request failed"));
  await until("the agent logs it", () => told() !== undefined);
  assert.equal(JSON.parse(told()?.line ?? "{}").level, "info");
});

Deno.test("agent starts Chrome again when it exits, and says so", async () => {
  await using agent = await startAgent();
  await agent.client.evaluate({ expression: "1" }); // Ready says nothing of a page yet.
  const before = agent.chromeProcesses();
  const underWay = await endlessAction(agent);

  killAll(before);
  const second = await agent.announced(2);

  assert.equal(second.browser_restarts, 1);
  assert.equal(second.port, agent.announces[0]?.port);
  const error = await within("the action under way", underWay());
  assert(error instanceof ViperError);
  assert.equal(error.code, "browser_unavailable");
  const { title } = await agent.client.navigate({ url: "data:text/html,<title>Back</title>" });
  assert.equal(title, "Back");
  assert.equal((await agent.client.health({})).browser_restarts, 1);
  assert.deepEqual(agent.chromeProcesses().filter((pid) => before.includes(pid)), []);
});

for (const ahead of [false, true]) {
  Deno.test(`agent gives the next Chrome the profile of ${ahead ? "one ahead" : "the last"}`, async () => {
    await using agent = await startAgent({ ahead });
    await using site = serveSite({ "/": "<title>x</title>" });
    await agent.client.navigate({ url: site.url });
    // Chrome writes its cookies after some time; what a page stores, at once when it ends well.
    await agent.client.evaluate({ expression: "localStorage.setItem('kept', 'yes')" });
    const browsers = agent.chromeProcesses().filter((pid) => isBrowser(pid));
    killAll(browsers, "SIGTERM");
    assert.match((await agent.announced(2)).browser_ended ?? "", /Chrome/);

    await agent.client.navigate({ url: site.url });
    const { result } = await agent.client.evaluate({ expression: "localStorage.getItem('kept')" });
    assert.equal(result, "yes");
  });
}

Deno.test("agent tells of a page that crashes, and its actions of why they end", async () => {
  await using agent = await startAgent();
  const { pages: [page] } = await agent.client.pagesList({});
  const underWay = await endlessAction(agent);
  const [browser = 0] = agent.chromeProcesses().filter(isBrowser);
  const processes = await processTree(denoHost({ log: () => {} }).files, browser);
  killAll(processes.filter((pid) => commandOf(pid).includes("--type=renderer")));

  const error = await within("the action under way", underWay());
  assert.equal(error.code, "page_crashed");
  await until("the crash to be told", () => agent.pageCrashes.length > 0);
  assert.deepEqual(agent.pageCrashes.map(({ page, reason }) => ({ page, reason })), [
    { page: page?.id, reason: "crashed" },
  ]);
  const { title } = await agent.client.navigate({ url: "data:text/html,<title>Back</title>" });
  assert.equal(title, "Back");
  assert.equal(agent.announces.length, 1, "Chrome is the same");
});

Deno.test("agent takes over a Chrome that runs ahead, and starts its own when that is gone", async () => {
  await using agent = await startAgent({ ahead: true });
  const ahead = agent.chromeProcesses();
  const { result } = await agent.client.evaluate({ expression: "1 + 1" });
  assert.equal(result, 2);
  assert.deepEqual(agent.chromeProcesses().filter((pid) => isBrowser(pid)).length, 1);
  assert(ahead.some((pid) => isBrowser(pid) && commandOf(pid).includes("/ahead/profile")));

  killAll(ahead);
  assert.equal((await agent.announced(2)).browser_restarts, 1);
  assert.equal((await agent.client.evaluate({ expression: "2 + 2" })).result, 4);
  assert(agent.chromeProcesses().some((pid) => isBrowser(pid)));
  const old = agent.chromeProcesses().filter((pid) => ahead.includes(pid));
  assert.deepEqual(old, [], "it is another one");
});

Deno.test("agent ends a Chrome that runs ahead of an instance that asks for another", async () => {
  const executable = await findChrome(undefined, denoHost({ log: () => {} }));
  await using agent = await startAgent({ ahead: true, executable });
  await agent.client.evaluate({ expression: "1" });
  assert(!agent.chromeProcesses().some((pid) => commandOf(pid).includes("/ahead/profile")));
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`agent leaves no process and no file after ${signal}`, async () => {
    await using agent = await startAgent();
    assert.notDeepEqual(agent.chromeProcesses(), []);
    const underWay = agent.client.evaluate({ expression: "new Promise(() => {})" })
      .catch(() => "ended");

    tryKill(agent.child, signal);
    const { code } = await within("the agent's end", agent.child.status);

    assert.equal(code, 0);
    assert.equal(await within("the action under way", underWay), "ended");
    await until("Chrome's processes to be reaped", () => agent.chromeProcesses().length === 0);
    assert.deepEqual([...Deno.readDirSync(agent.tempDir)], []);
  });
}

const outlives = (await endingWithUs(denoHost({ log: () => {} }))).length === 0;
if (outlives) console.log("a test of the agent's kill is skipped: it needs util-linux's setpriv");

Deno.test({
  name: "agent takes Chrome with it when it is killed",
  ignore: outlives,
  fn: async () => {
    await using agent = await startAgent();
    assert.notDeepEqual(agent.chromeProcesses(), []);

    tryKill(agent.child, "SIGKILL");

    await until("Chrome's end", () => agent.chromeProcesses().length === 0);
  },
});

Deno.test("agent ends a Chrome that hangs behind a script which does not pass signals on", async () => {
  const dir = await Deno.makeTempDir();
  const executable = `${dir}/chrome`;
  const real = await findChrome(undefined, denoHost({ log: () => {} }));
  await Deno.writeTextFile(executable, `#!/bin/sh\n${real} "$@"\n`, { mode: 0o755 });
  {
    await using agent = await startAgent({ executable });
    killAll(agent.chromeProcesses(), "SIGSTOP");

    tryKill(agent.child, "SIGTERM");
    const { code } = await within("the agent's end", agent.child.status);

    assert.equal(code, 0);
    await until("Chrome's processes to be reaped", () => agent.chromeProcesses().length === 0);
    assert.deepEqual([...Deno.readDirSync(agent.tempDir)], []);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("agent's main() refuses what it cannot use, and keeps secrets out of its log", async (t) => {
  const dir = await Deno.makeTempDir();
  const secret = "5ec2e7".repeat(8);
  const valid = {
    vm_id: "vm-1",
    name: "one",
    token: secret,
    listen: { hostname: "127.0.0.1", port: 0 },
    daemon_url: "http://127.0.0.1:9",
  };
  const file = (text: string) => {
    const path = `${dir}/instance.json`;
    Deno.writeTextFileSync(path, text);
    return ["--instance", path];
  };
  const chrome = { executable: `${dir}/no-chrome` };
  const rows: [title: string, args: () => string[], message: RegExp][] = [
    ["no arguments", () => [], /viper-agent --instance FILE/],
    ["an unknown option", () => ["--instanse", "x"], /"--instanse x"/],
    ["no file name", () => ["--instance"], /viper-agent --instance FILE/],
    ["an absent file", () => ["--instance", `${dir}/absent`], /absent/],
    ["no JSON", () => file(`{"token": "${secret}"`), /it is not JSON/],
    ["no token", () => file(JSON.stringify({ ...valid, token: undefined })), /token/],
    ["a short token", () => file(JSON.stringify({ ...valid, token: "abc" })), /token/],
    ["an unknown member", () => file(JSON.stringify({ ...valid, more: 1 })), /more/],
    ["a wrong URL", () => file(JSON.stringify({ ...valid, daemon_url: "x" })), /daemon_url/],
    ["no Chrome", () => file(JSON.stringify({ ...valid, chrome })), /no-chrome/],
  ];
  for (const [title, args, message] of rows) {
    await t.step(title, async () => {
      const child = spawnAgent(args(), {}, "piped");
      const { code, stderr } = await within("the agent's end", child.output())
        .finally(() => tryKill(child, "SIGKILL"));
      const lines = new TextDecoder().decode(stderr).trim().split("\n");
      assert.equal(code, 1);
      assert.equal(lines.length, 1);
      const line = JSON.parse(lines[0] ?? "");
      assert.equal(line.level, "error");
      assert.match(JSON.stringify(line.error).replaceAll('\\"', '"'), message);
      assert(!lines[0]?.includes(secret));
    });
  }
  await t.step("--version is no error", async () => {
    const { code, stdout } = await spawnAgent(["--version"], {}, "piped").output();
    assert.equal(code, 0);
    assert.match(new TextDecoder().decode(stdout), /^\d+\.\d+\.\d+\n$/);
  });
  await Deno.remove(dir, { recursive: true });
});

for (const ahead of [false, true]) {
  Deno.test(`agent sends what it and Chrome write, ${ahead ? "from before" : "from"} its start on`, async () => {
    await using agent = await startAgent({ ahead });
    const lineWith = (stream: string, part: string) =>
      agent.logged.find((line) => line.stream === stream && line.line.includes(part));
    await until("the agent's line", () => lineWith("agent", '"message":"Ready"') !== undefined);
    await until("Chrome's first", () => lineWith("browser", "DevTools listening") !== undefined);
    await agent.client.evaluate({ expression: "console.error('see https://a.test/?k=secret')" });
    await until("the page's", () => lineWith("browser", "see https://a.test/?***") !== undefined);
    assert.ok(!JSON.stringify(agent.logged).includes("secret"));
  });
}

/**
 * The real daemon on runtime local with a real Chromium, over HTTP: the main job, what clients of
 * the API may do wrong, and what a shutdown leaves.
 */
import assert from "node:assert/strict";
import type { ViperError } from "../../protocol/problems.ts";
import type { Vm } from "../../protocol/vms.ts";
import { DEMO_PAGE } from "../../cli/demo/page.ts";
import { type DaemonProcess, eventsUntil, startDaemon } from "../daemon_process.ts";
import { decodePng } from "../png.ts";

const WAIT_MS = 30_000;
const LOCAL = ["--runtime", "local", "--guest-port", "0"];

function servePage(): Deno.HttpServer<Deno.NetAddr> {
  const headers = { "content-type": "text/html; charset=utf-8" };
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(DEMO_PAGE, { headers }),
  );
}

async function createReady(daemon: DaemonProcess, name: string): Promise<Vm> {
  await daemon.client.vms.create({ name });
  const vm = await daemon.client.vms.wait({ name, timeout_ms: WAIT_MS });
  assert.equal(vm.status, "running", vm.reason);
  assert.ok(processesOf(vm.id).size > 1, "agent and browser are marked as the VM's");
  return vm;
}

/** Command lines of the processes that belong to a VM, by number; children inherit the mark. */
function processesOf(vmId: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const environment = Deno.readTextFileSync(`/proc/${Number(name)}/environ`);
      if (!environment.split("\0").includes(`VIPER_VM_ID=${vmId}`)) continue;
      found.set(Number(name), Deno.readTextFileSync(`/proc/${name}/cmdline`));
    } catch {
      // Not a process, or one that is gone by now.
    }
  }
  return found;
}

Deno.test("viper serve drives a browser from create to delete", async () => {
  await using page = servePage();
  await using daemon = await startDaemon(LOCAL);
  const { id } = await createReady(daemon, "a");
  const browser = daemon.client.browser("a");

  const navigated = await browser.navigate({ url: `http://127.0.0.1:${page.addr.port}/` });
  assert.deepEqual([navigated.title, navigated.http_status], ["Viper demo", 200]);
  await browser.click({ selector: "#count" });
  await browser.type({ selector: "#words", value: "héllo <&> 日本" });
  assert.equal((await browser.getText({ selector: "#clicked" })).text, "clicked 1 time");
  assert.equal((await browser.getText({ selector: "#echo" })).text, "héllo <&> 日本");
  assert.match((await browser.getHtml({})).html, /<title>Viper demo<\/title>/);
  assert.deepEqual(await browser.evaluate({ expression: "Promise.resolve(count)" }), { result: 1 });
  const { root } = await browser.snapshot({ format: "tree" });
  assert.match(JSON.stringify(root), /"role":"button","name":"Click me"/);

  const shot = await browser.screenshot({});
  const picture = decodePng(Uint8Array.fromBase64(shot.data));
  assert.deepEqual([picture.width, picture.height], [1280, 720]);
  assert.deepEqual(picture.pixel(5, 5), [0x10, 0x24, 0x1c]);

  await daemon.client.vms.delete({ name: "a" });
  assert.deepEqual(await daemon.client.vms.list({}), []);
  assert.deepEqual(processesOf(id), new Map());
  const isLast = (all: { type: string }[]) => all.at(-1)?.type === "VM_DELETED";
  const events = await eventsUntil(daemon, 0, isLast, WAIT_MS);
  const life = events.map(({ type }) => type).filter((type) => type !== "VM_LOG");
  assert.deepEqual(life, [
    ...["VM_CREATED", "VM_STARTING", "VM_RUNNING"],
    ...["VM_STOPPING", "VM_STOPPED", "VM_DELETED"],
  ]);
});

Deno.test("viper serve refuses bad requests and changes nothing", async (t) => {
  await using daemon = await startDaemon(LOCAL);
  await createReady(daemon, "taken");
  const before = JSON.stringify(await daemon.client.vms.list({}));
  const json = { "content-type": "application/json" };
  const post = (body: string) => ({ method: "POST", headers: json, body });
  const rows: [string, string, RequestInit, number, string][] = [
    ["a name that exists", "/api/v1/vms", post('{"name":"taken"}'), 409, "vm_exists"],
    ["broken JSON", "/api/v1/vms", post('{"name":'), 400, "invalid_json"],
    ["an array", "/api/v1/vms", post("[]"), 400, "invalid_json"],
    ["an unknown field", "/api/v1/vms", post('{"name":"b","x":1}'), 400, "invalid_request"],
    ["a wrong type", "/api/v1/vms", post('{"name":"b","cpu_cores":"2"}'), 400, "invalid_request"],
    [
      "too little memory",
      "/api/v1/vms",
      post('{"name":"b","memory_mb":63}'),
      400,
      "invalid_request",
    ],
    ["no name", "/api/v1/vms", post("{}"), 400, "invalid_request"],
    ["a path as name", "/api/v1/vms", post('{"name":"../../x"}'), 400, "invalid_request"],
    ["a name in capitals", "/api/v1/vms", post('{"name":"A"}'), 400, "invalid_request"],
    ["a name of 64", "/api/v1/vms", post(`{"name":"${"a".repeat(64)}"}`), 400, "invalid_request"],
    ["10 MB", "/api/v1/vms", post(`{"name":"${"a".repeat(10_000_000)}"}`), 413, "body_too_large"],
    [
      "no content type",
      "/api/v1/vms",
      { method: "POST", body: new Blob(["{}"]) },
      415,
      "unsupported_media_type",
    ],
    ["PUT", "/api/v1/vms", { method: "PUT" }, 405, "method_not_allowed"],
    ["an unknown route", "/api/v1/nothing", {}, 404, "route_not_found"],
    ["an unknown VM", "/api/v1/vms/none", {}, 404, "vm_not_found"],
    ["to delete an unknown VM", "/api/v1/vms/none", { method: "DELETE" }, 404, "vm_not_found"],
    ["a path as VM", "/api/v1/vms/..%2f..%2fx", {}, 400, "invalid_request"],
    [
      "another runtime",
      "/api/v1/vms",
      post('{"name":"b","runtime":"qemu"}'),
      503,
      "runtime_unavailable",
    ],
    ["the agent of no VM", "/api/v1/vms/none/agent/healthz", {}, 404, "vm_not_found"],
    ["no action of the agent", "/api/v1/vms/taken/agent/v1/nothing", {}, 404, "route_not_found"],
    ["no URL", "/api/v1/vms/taken/agent/v1/browser/navigate", post("{}"), 400, "invalid_request"],
    [
      "a file URL",
      "/api/v1/vms/taken/agent/v1/browser/navigate",
      post('{"url":"file:///etc/passwd"}'),
      400,
      "invalid_request",
    ],
    [
      "a foreign page",
      "/healthz",
      { headers: { origin: "http://evil.example", authorization: "" } },
      403,
      "forbidden_origin",
    ],
    ["an event id that is none", "/api/v1/events/vms?last_event_id=x", {}, 400, "event_id_invalid"],
  ];
  for (const [name, path, init, status, code] of rows) {
    await t.step(name, async () => {
      const response = await daemon.fetch(path, init);
      const problem = await response.json();
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.deepEqual([response.status, problem.status, problem.code], [status, status, code]);
      assert.equal(problem.error, problem.detail);
    });
  }
  assert.equal(JSON.stringify(await daemon.client.vms.list({})), before);
});

Deno.test("viper serve passes the agent's own routes on", async () => {
  await using daemon = await startDaemon(LOCAL);
  await createReady(daemon, "a");
  const response = await daemon.fetch("/api/v1/vms/a/agent/healthz");
  assert.equal(response.status, 200);
  assert.equal((await response.json()).status, "ok");
});

Deno.test("viper serve tells an operation's problem with the agent's words", async () => {
  await using daemon = await startDaemon(LOCAL);
  await createReady(daemon, "a");
  await assert.rejects(
    daemon.client.browser("a").evaluate({ expression: "nope()" }),
    (error: ViperError) =>
      error.code === "script_failed" && /nope is not defined/.test(error.message),
  );
});

Deno.test("viper serve marks a VM crashed once when its process is killed", async () => {
  await using daemon = await startDaemon(LOCAL);
  const { id, pid } = await createReady(daemon, "a");
  Deno.kill(pid ?? 0, "SIGKILL");
  const events = await eventsUntil(
    daemon,
    0,
    (all) => all.some(({ type }) => type === "VM_CRASHED"),
    WAIT_MS,
  );
  const vm = await daemon.client.vms.get({ name: "a" });
  assert.deepEqual([vm.status, vm.pid, vm.ip_address], ["crashed", undefined, undefined]);
  assert.match(vm.reason ?? "", /SIGKILL/);
  assert.deepEqual(processesOf(id), new Map());
  await daemon.client.vms.delete({ name: "a" });
  const all = await eventsUntil(daemon, 0, (list) => list.length > events.length, WAIT_MS);
  assert.equal(all.filter(({ type }) => type === "VM_CRASHED").length, 1);
});

Deno.test("viper serve stops its VMs at SIGTERM and leaves no process", async () => {
  const daemon = await startDaemon(LOCAL);
  const { id } = await createReady(daemon, "a");
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(processesOf(id), new Map());
  assert.deepEqual([...Deno.readDirSync(`${daemon.stateDir}/run`)], []);
  await using again = await startDaemon(LOCAL, daemon.stateDir);
  assert.equal((await again.client.vms.get({ name: "a" })).status, "stopped");
});

for (const how of ["stop", "kill"] as const) {
  Deno.test(`viper serve takes VMs over after a ${how} of the daemon before it`, async () => {
    const daemon = await startDaemon([...LOCAL, "--on-shutdown", "keep"]);
    const before = await createReady(daemon, "a");
    await daemon.client.browser("a").evaluate({ expression: "globalThis.kept = 42" });
    await daemon[how]();
    assert.notDeepEqual(processesOf(before.id), new Map());
    await using again = await startDaemon(LOCAL, daemon.stateDir);
    const after = await again.client.vms.get({ name: "a" });
    assert.deepEqual([after.status, after.pid], ["running", before.pid]);
    const { result } = await again.client.browser("a").evaluate({ expression: "kept" });
    assert.equal(result, 42, "it is the same page");
    Deno.kill(before.pid ?? 0, "SIGKILL");
    const { status } = await again.client.vms.wait({ name: "a", status: "crashed" });
    assert.equal(status, "crashed", "its end is seen, too");
    assert.deepEqual(processesOf(before.id), new Map());
  });
}

Deno.test("viper serve marks a VM crashed whose machine ended while no daemon ran", async () => {
  const daemon = await startDaemon([...LOCAL, "--on-shutdown", "keep"]);
  const { id, pid } = await createReady(daemon, "a");
  await daemon.kill();
  Deno.kill(pid ?? 0, "SIGKILL");
  await using again = await startDaemon(LOCAL, daemon.stateDir);
  const vm = await again.client.vms.get({ name: "a" });
  assert.equal(vm.status, "crashed");
  assert.deepEqual(processesOf(id), new Map());
});

Deno.test("viper serve refuses a second daemon on the same state or runtime folder", async () => {
  await using daemon = await startDaemon(LOCAL);
  await assert.rejects(startDaemon(LOCAL, daemon.stateDir), /did not start.*another daemon does/);
  const elsewhere = await Deno.makeTempDir();
  const sameFolder = [...LOCAL, "--runtime-dir", `${daemon.stateDir}/run`];
  await assert.rejects(startDaemon(sameFolder, elsewhere), /did not start.*--runtime-dir/);
  await Deno.remove(elsewhere, { recursive: true });
  assert.equal((await daemon.client.system.health({})).status, "ok");
});

Deno.test("viper serve restarts a killed browser and says so", async () => {
  await using daemon = await startDaemon(LOCAL);
  const { id } = await createReady(daemon, "a");
  const [chrome] =
    [...processesOf(id)].find(([, command]) =>
      command.includes("--remote-debugging-port") && !command.includes("--type=")
    ) ?? [0];
  Deno.kill(chrome, "SIGKILL");
  await eventsUntil(daemon, 0, (all) => all.at(-1)?.type === "VM_BROWSER_RESTARTED", WAIT_MS);
  const { result } = await daemon.client.browser("a").evaluate({ expression: "1 + 1" });
  assert.equal(result, 2);
});

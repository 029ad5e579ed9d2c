/**
 * Goal: quick actions do in one call what a VM, a page and an action do in many, and leave no VM.
 * Method: the real daemon on runtime local with a real Chromium, over HTTP; the list of VMs and
 * their events tell what was left.
 */
import assert from "node:assert/strict";
import { type DaemonProcess, eventsUntil, startDaemon } from "../daemon_process.ts";
import { decodePdf } from "../pdf.ts";
import { decodePng } from "../png.ts";
import { serveSite } from "./agent_fixture.ts";

const WAIT_MS = 30_000;
const LOCAL = ["--runtime", "local", "--guest-port", "0"];
const SITE = {
  "/": `<title>Quick</title><body style="background: rgb(1, 2, 3)"><h1>Quick</h1>
    <p class="a" data-x="1">One</p><p class="a">Two</p><a href="/next">Next</a>
    <script>document.body.append("made by script")</script>`,
  "/hanging": '<title>Hanging</title><img src="/never">',
};

interface Row {
  readonly title: string;
  readonly path: string;
  readonly body: object;
  readonly accept?: string;
  readonly check: (response: Response) => Promise<void>;
}

function post(daemon: DaemonProcess, path: string, body: object, init: RequestInit = {}) {
  return daemon.fetch(path, {
    method: "POST",
    ...init,
    headers: { "content-type": "application/json", ...init.headers as Record<string, string> },
    body: JSON.stringify(body),
  });
}

function rows(site: string): Row[] {
  const url = `${site}/`;
  const size = { viewport: { width: 300, height: 200, scale: 2 }, memory_mb: 512, cpu_cores: 1 };
  return [
    {
      title: "a picture of a URL, as bytes",
      path: "/api/v1/screenshot",
      body: { url, ...size },
      accept: "image/png",
      check: async (response) => {
        assert.equal(response.headers.get("content-type"), "image/png");
        const picture = decodePng(await response.bytes());
        assert.deepEqual([picture.width, picture.height], [600, 400]);
        assert.deepEqual(picture.pixel(599, 399), [1, 2, 3]);
      },
    },
    {
      title: "a picture of an element of given HTML, as JSON",
      path: "/api/v1/screenshot",
      body: {
        html: "<b style='position: absolute; width: 30px; height: 20px; background: red'>",
        selector: "b",
      },
      check: async (response) => {
        const { data, width, height } = await response.json();
        assert.deepEqual([width, height], [30, 20]);
        assert.deepEqual(decodePng(Uint8Array.fromBase64(data)).pixel(5, 5), [255, 0, 0]);
      },
    },
    {
      title: "a PDF",
      path: "/api/v1/pdf",
      body: { url, format: "a5" },
      accept: "application/pdf",
      check: async (response) => {
        assert.deepEqual(decodePdf(await response.bytes()).pages, [[420, 596]]);
      },
    },
    {
      title: "the content that scripts made",
      path: "/api/v1/content",
      body: { url, wait_until: "domcontentloaded" },
      check: async (response) => assert.match((await response.json()).html, /made by script/),
    },
    {
      title: "Markdown, as text",
      path: "/api/v1/markdown",
      body: { url },
      accept: "text/markdown",
      check: async (response) =>
        assert.equal(
          await response.text(),
          `# Quick\n\nOne\n\nTwo\n\n[Next](${site}/next) made by script`,
        ),
    },
    {
      title: "elements",
      path: "/api/v1/scrape",
      body: { url, selectors: [".a", "h9"], limit: 1 },
      check: async (response) =>
        assert.deepEqual(await response.json(), {
          results: [
            {
              selector: ".a",
              elements: [{ text: "One", html: "One", attributes: { class: "a", "data-x": "1" } }],
              total: 2,
            },
            { selector: "h9", elements: [], total: 0 },
          ],
        }),
    },
  ];
}

Deno.test("quick actions answer, and leave no VM", async (t) => {
  await using daemon = await startDaemon(LOCAL);
  await using site = serveSite(SITE);
  for (const { title, path, body, accept, check } of rows(site.url)) {
    await t.step(title, async () => {
      const headers = accept === undefined ? {} : { accept };
      const response = await post(daemon, path, body, { headers });
      assert.equal(response.status, 200, response.ok ? "" : await response.clone().text());
      await check(response);
      assert.deepEqual(await daemon.client.vms.list({}), []);
    });
  }
  await t.step("each is recorded once, by its name", async () => {
    const { records } = await daemon.client.audit.list({});
    const quick = records.filter(({ operation }) => operation.startsWith("quick."));
    assert.equal(quick.length, rows("").length);
    assert.ok(quick.every(({ outcome }) => outcome === "ok"));
  });
});

Deno.test("quick actions that fail say why, and leave no VM", async (t) => {
  await using daemon = await startDaemon([...LOCAL, "--vm-limit", "1"]);
  await using site = serveSite(SITE);
  const url = `${site.url}/`;
  const bad: [title: string, path: string, body: object, code: string][] = [
    ["no page", "screenshot", {}, "invalid_request"],
    ["two pages", "screenshot", { url, html: "<p>" }, "invalid_request"],
    ["no such option", "content", { url, full_page: true }, "invalid_request"],
    ["an option that the action refuses", "screenshot", {
      ...{ url, format: "jpeg", omit_background: true },
    }, "invalid_request"],
    [
      "HTML that is to be quiet",
      "content",
      { html: "a", wait_until: "networkidle" },
      ...[
        "invalid_request",
      ] as const,
    ],
    ["a VM beyond the host", "content", { url, memory_mb: 262_144 }, "invalid_request"],
    ["a page that is not there", "content", { url: "http://127.0.0.1:1/" }, "navigation_failed"],
    [
      "a page that does not load",
      "content",
      { url: `${url}hanging`, timeout_ms: 1_000 },
      "timeout",
    ],
    [
      "no such element",
      "screenshot",
      { url, selector: "#no", timeout_ms: 3_000 },
      ...[
        "element_not_found",
      ] as const,
    ],
    ["no selector", "scrape", { url, selectors: ["["] }, "selector_invalid"],
  ];
  for (const [title, path, body, code] of bad) {
    await t.step(`${title}: ${code}`, async () => {
      const response = await post(daemon, `/api/v1/${path}`, body);
      const problem = await response.json();
      assert.deepEqual([problem.code, response.status], [code, problem.status], problem.detail);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.deepEqual(await daemon.client.vms.list({}), []);
    });
  }
  await t.step("a full host: vm_limit_reached, or room when it is waited for", async () => {
    await daemon.client.vms.create({ name: "other" });
    const refused = await post(daemon, "/api/v1/content", { url });
    assert.equal((await refused.json()).code, "vm_limit_reached");
    const waiting = post(daemon, "/api/v1/content", { url, wait_ms: WAIT_MS });
    await daemon.client.vms.delete({ name: "other" });
    assert.match((await (await waiting).json()).html, /made by script/);
    assert.deepEqual(await daemon.client.vms.list({}), []);
  });
});

Deno.test("a quick action whose client hangs up leaves no VM", async () => {
  await using daemon = await startDaemon(LOCAL);
  await using site = serveSite(SITE);
  const client = new AbortController();
  const asked = post(daemon, "/api/v1/content", { url: `${site.url}/hanging` }, {
    signal: client.signal,
  });
  const hungUp = assert.rejects(asked);
  await eventsUntil(daemon, 0, (all) => all.some(({ type }) => type === "VM_RUNNING"), WAIT_MS);
  client.abort();
  await hungUp;
  await eventsUntil(daemon, 0, (all) => all.some(({ type }) => type === "VM_DELETED"), WAIT_MS);
  assert.deepEqual(await daemon.client.vms.list({}), []);
});

/** The process's command line; empty when it has ended, whether or not anybody has reaped it. */
function commandOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return "";
  }
}

for (const how of ["stop", "kill"] as const) {
  Deno.test(`a quick action's VM is gone after a ${how} of its daemon`, async () => {
    const daemon = await startDaemon([...LOCAL, "--on-shutdown", "keep"]);
    await using site = serveSite(SITE);
    const asked = post(daemon, "/api/v1/content", { url: `${site.url}/hanging` })
      .then((response) => response.body?.cancel(), () => {});
    await eventsUntil(daemon, 0, (all) => all.some(({ type }) => type === "VM_RUNNING"), WAIT_MS);
    const [vm] = await daemon.client.vms.list({});
    assert.match(vm?.name ?? "", /^quick-/);
    assert.equal(vm?.labels["viper.quick"], "browser.get_html");
    await daemon[how]();
    await asked;
    await using again = await startDaemon(LOCAL, daemon.stateDir);
    assert.deepEqual(await again.client.vms.list({}), []);
    assert.equal(commandOf(vm?.pid ?? 0), "", "its machine has ended");
  });
}

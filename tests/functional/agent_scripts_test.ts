/**
 * Goal: scripts, pictures and trees are what the page has, and pages that come, go, crash or ask
 * do not get in the way.
 * Method: tables of calls through the typed client, against one real agent and Chrome.
 */
import assert from "node:assert/strict";
import type { AccessibilityNode } from "../../protocol/look.ts";
import { QUEUE_LENGTH_MAX } from "../../agent/turns.ts";
import { serveSite, startAgent, type TestAgent, until } from "./agent_fixture.ts";
import { type Bad, type Client, type Good, SHORT_MS, table } from "./agent_table.ts";
import { reached } from "./reached.ts";

const value = (expression: string, answer: unknown): Good => [
  expression,
  async (c) => (await c.evaluate({ expression })).result,
  answer,
];
const failure = (expression: string, message: RegExp): Bad => [
  expression,
  (c) => c.evaluate({ expression }),
  "script_failed",
  message,
];
const refusal = (expression: string, message: RegExp): Bad => [
  expression,
  (c) => c.evaluate({ expression }),
  "result_not_serializable",
  message,
];

table("evaluate() returns JSON values and nothing that looks like one", (site) => ({
  good: [
    value("1 + 1", 2),
    value("-0", 0),
    value("undefined", null),
    value("null", null),
    value("'ä😀'", "ä😀"),
    value("({ a: [1, { b: null }], c: undefined })", { a: [1, { b: null }] }),
    value("[undefined]", [null]),
    value("new Date(0)", "1970-01-01T00:00:00.000Z"),
    value("Promise.resolve(3)", 3),
    value("document.title", "Page"),
    value("new (class Point { x = 1 })", { x: 1 }),
    [
      "a value without waiting for promises",
      (c) => c.evaluate({ expression: "7", await_promise: false }),
      { result: 7 },
    ],
  ],
  bad: [
    failure("throw new TypeError('boom')", /TypeError: boom, at <anonymous>:1:7$/),
    failure("(function f() { throw new Error('deep') })()", /Error: deep, at f \(<anonymous>:1:/),
    failure("throw 'text'", /: "text", at 1:1$/),
    failure("throw undefined", /: "undefined", at/),
    failure("Promise.reject(new Error('no'))", /Error: no/),
    failure("nowhere.to.be", /ReferenceError: nowhere is not defined/),
    failure(")", /SyntaxError: Unexpected token '\)'/),
    failure("({ get a() { throw new Error('lazy') } }).a", /Error: lazy/),
    refusal("NaN", /it is NaN/),
    refusal("-Infinity", /it is -Infinity/),
    refusal("10n", /it is 10n/),
    refusal("Symbol('s')", /a Symbol|a symbol/),
    refusal("() => 1", /a function|a Function/),
    refusal("new Map([[1, 2]])", /it is a Map/),
    refusal("[1, new Set]", /its member "1" is a Set/),
    refusal("({ a: { b: () => 1 } })", /its member "b" is a function/),
    refusal("({ a: NaN })", /its member "a" is NaN/),
    refusal("(JSON.stringify = () => 'tampered', [1])", /the page has changed JSON/),
    refusal("document.body", /a HTMLBodyElement/),
    refusal("window", /a Window/),
    refusal("(() => { const a = {}; a.a = a; return a })()", /circular/),
    [
      "a promise that nobody waits for",
      (c) => c.evaluate({ expression: "Promise.resolve(1)", await_promise: false }),
      "result_not_serializable",
      /it is a Promise/,
    ],
    [
      "a string that is too large",
      (c) => c.evaluate({ expression: "'x'.repeat(34e6)" }),
      "result_too_large",
      /at least 34000002 bytes/,
    ],
    [
      "an object that is too large",
      (c) => c.evaluate({ expression: "({ a: 'x'.repeat(34e6) })" }),
      "result_too_large",
      /at least 34000008 bytes/,
    ],
    [
      "a loop without end",
      (c) => c.evaluate({ expression: "while (true);", timeout_ms: SHORT_MS }),
      "timeout",
      /still waiting for the script to end/,
    ],
    [
      "a promise that never settles",
      (c) => c.evaluate({ expression: "new Promise(() => {})", timeout_ms: SHORT_MS }),
      "timeout",
      /still waiting for the script to end/,
    ],
    [
      "a script that navigates away",
      (c) => c.evaluate({ expression: `location.href = "${site}/other", new Promise(() => {})` }),
      "script_failed",
      /the page navigated away while it ran/,
    ],
    ["no script", (c) => c.evaluate({ expression: "" }), "invalid_request", /expression/],
  ],
}));

/** Big-endian, as PNG has it. */
function pngSize(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

const PNG = [0x89, 0x50, 0x4e, 0x47];
const JPEG = [0xff, 0xd8, 0xff];

table("screenshot() answers with the format and size it names", () => {
  const shot = (input: Parameters<Client["screenshot"]>[0], magic: number[]): Good => [
    JSON.stringify(input),
    async (c) => {
      const answer = await c.screenshot(input);
      const bytes = Uint8Array.from(atob(answer.data), (character) => character.charCodeAt(0));
      assert.deepEqual([...bytes.slice(0, magic.length)], magic);
      assert.equal(bytes.length, answer.byte_length);
      assert(Math.abs(Date.now() - Date.parse(answer.captured_at)) < 60_000);
      if (magic === PNG && !input.full_page) {
        assert.deepEqual(pngSize(bytes), { width: 1280, height: 720 });
      }
      if (magic === PNG && input.full_page) assert(pngSize(bytes).height > 3_000);
      return [answer.format, answer.full_page];
    },
    [input.format ?? "png", input.full_page ?? false],
  ];
  return {
    good: [
      shot({}, PNG),
      shot({ full_page: true }, PNG),
      shot({ format: "png", quality: 10 }, PNG),
      shot({ format: "jpeg" }, JPEG),
      shot({ format: "jpeg", quality: 1, full_page: true }, JPEG),
    ],
    bad: [
      ["a bitmap", (c) => c.screenshot({ format: "bmp" as "png" }), "invalid_request", /format/],
      ["quality 0", (c) => c.screenshot({ quality: 0 }), "invalid_request", /quality/],
      ["quality 101", (c) => c.screenshot({ quality: 101 }), "invalid_request", /quality/],
      ["an unknown member", (c) => c.screenshot({ x: 1 } as object), "invalid_request", /x/],
    ],
  };
});

/** All nodes of a tree. */
function flat(node: AccessibilityNode): AccessibilityNode[] {
  return [node, ...(node.children ?? []).flatMap(flat)];
}

async function treeOf(c: Client, max_nodes = 5_000) {
  const { root, ...facts } = await c.snapshot({ format: "tree", max_nodes });
  return { root: root ?? assert.fail("no tree"), ...facts };
}

table("snapshot() tells what a person would find on the page", () => ({
  good: [
    [
      "roles, names and states",
      async (c) => {
        await c.click({ selector: "#agree" });
        const { root, node_count, truncated, title } = await treeOf(c);
        const nodes = flat(root);
        const find = (role: string, name: string) =>
          nodes.find((node) => node.role === role && node.name === name);
        assert.equal(nodes.length, node_count);
        // An editor's value says what stands in it.
        const wrappers = nodes.filter(({ role, value }) => role === "generic" && value !== "rich");
        assert.deepEqual(wrappers, []);
        return {
          title,
          truncated,
          root: root.role,
          disabled: find("button", "Disabled")?.disabled,
          hidden: find("button", "Hidden"),
          checked: find("checkbox", "Agree")?.checked,
          value: nodes.find(({ role, value }) => role === "textbox" && value === "old")?.value,
          link: find("link", "Link")?.children,
        };
      },
      {
        title: "Page",
        truncated: false,
        root: "RootWebArea",
        disabled: true,
        hidden: undefined,
        checked: true,
        value: "old",
        link: undefined,
      },
    ],
    [
      "no more nodes than asked for",
      async (c) => {
        const { root, node_count, truncated } = await treeOf(c, 5);
        return [flat(root).length === node_count, node_count <= 5, truncated];
      },
      [true, true, true],
    ],
    [
      "one node",
      async (c) => {
        await c.navigate({ url: "about:blank" });
        const { root, truncated } = await treeOf(c, 1);
        return [root.role, root.children, truncated];
      },
      ["RootWebArea", undefined, false],
    ],
  ],
  bad: [
    ["no nodes", (c) => c.snapshot({ max_nodes: 0 }), "invalid_request", /max_nodes/],
    ["too many", (c) => c.snapshot({ max_nodes: 100_001 }), "invalid_request", /max_nodes/],
    [
      "half a node",
      (c) => c.snapshot({ max_nodes: 1.5 }),
      "invalid_request",
      /max_nodes/,
    ],
  ],
}));

Deno.test("actions go to the page that was opened last and still stands", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite({
    "/": `<title>First</title><button onclick="window.open('/second')">Open</button>`,
    "/second": "<title>Second</title><button onclick='window.close()'>Close</button>",
  });
  const { client } = agent;
  const titleIs = (title: string) =>
    reached(async () => {
      const told = await client.evaluate({ expression: "document.title" }).catch(() => null);
      return told?.result === title || undefined;
    });
  await client.navigate({ url: `${site.url}/` });

  await t.step("a page that the page opens", async () => {
    await client.click({ selector: "button" });
    await titleIs("Second");
  });
  await t.step("the first one, once the second is closed", async () => {
    await client.click({ selector: "button" }).catch(() => {}); // Its page goes away under it.
    await titleIs("First");
  });
  await t.step("a new one, once the last crashed", async () => {
    await crash(agent);
    await titleIs("");
    const { title } = await client.navigate({ url: `${site.url}/` });
    assert.equal(title, "First");
    assert.equal(agent.announces.length, 1); // Chrome itself went on.
  });
});

/** Crashes the renderer of the first page, through Chrome's own DevTools. */
async function crash(agent: TestAgent): Promise<void> {
  const response = await agent.signedFetch(`${agent.baseUrl}/v1/devtools`);
  const { address, port, websocket_url, websocket_path } = await response.json();
  assert.equal(websocket_url, `ws://${address}:${port}${websocket_path}`);
  const targets = await (await fetch(`http://${address}:${port}/json/list`)).json();
  const page = targets.find(({ type }: { type: string }) => type === "page");
  const socket = new WebSocket(page.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.onopen = resolve);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.send(JSON.stringify({ id: 1, method: "Page.crash" }));
  socket.onmessage = ({ data }) => String(data).includes("targetCrashed") && socket.close();
  await closed;
}

Deno.test("actions wait for their turn, and too many are refused", async () => {
  await using agent = await startAgent();
  const { client } = agent;
  await client.evaluate({ expression: "globalThis.seen = [], 1" });
  const step = (n: number) =>
    client.evaluate({
      expression: `new Promise((r) => setTimeout(() => r(seen.push(${n})), ${30 - n * 10}))`,
    });

  await Promise.all([step(0), step(1), step(2)]);
  const { result } = await client.evaluate({ expression: "seen" });
  assert.deepEqual([...result as number[]].sort(), [0, 1, 2]);

  const blocker = client.evaluate({ expression: "new Promise((done) => globalThis.end = done)" });
  await client.waitFunction({ expression: "globalThis.end !== undefined" });
  const codes: string[] = [];
  const waiting = Array.from(
    { length: QUEUE_LENGTH_MAX + 5 },
    () =>
      client.evaluate({ expression: "1" }).then(
        () => codes.push("ok"),
        (error) => codes.push(error.code),
      ),
  );
  await until("the refusals", () => codes.length >= 5);
  assert.deepEqual(codes.slice(0, 5), Array(5).fill("browser_unavailable"));
  await client.waitFunction({ expression: "end(), true" });
  await Promise.all([blocker, ...waiting]);
  assert.equal(codes.filter((code) => code === "ok").length, QUEUE_LENGTH_MAX);
});

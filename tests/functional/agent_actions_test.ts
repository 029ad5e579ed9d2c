/**
 * Goal: every browser action does what it says, and says what stands against it.
 * Method: tables of calls through the typed client, against one real agent and Chrome.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { type Bad, type Client, SHORT_MS, table } from "./agent_table.ts";
import { looked } from "./looked.ts";

/** Does something, then reads what the page logged. */
async function logged(client: Client, ...steps: Promise<unknown>[]): Promise<string> {
  await Promise.all(steps);
  return (await client.getText({ selector: "#log" })).text;
}

table("navigate() loads pages and says why it cannot", (site) => ({
  good: [
    [
      "a page",
      (c) => c.navigate({ url: `${site}/other` }),
      { status: "ok", url: `${site}/other`, title: "Other", http_status: 200 },
    ],
    [
      "a redirect",
      (c) => c.navigate({ url: `${site}/moved` }),
      { status: "ok", url: `${site}/other`, title: "Other", http_status: 200 },
    ],
    [
      "an error page of the site's",
      (c) => c.navigate({ url: `${site}/nowhere` }),
      { status: "ok", url: `${site}/nowhere`, title: "Missing", http_status: 404 },
    ],
    [
      "a data URL",
      (c) => c.navigate({ url: "data:text/html,<title>D</title>" }),
      { status: "ok", url: "data:text/html,<title>D</title>", title: "D" },
    ],
    [
      "the blank page",
      (c) => c.navigate({ url: "about:blank" }),
      { status: "ok", url: "about:blank", title: "" },
    ],
    [
      "a place in the same page",
      (c) => c.navigate({ url: `${site}/#far` }),
      { status: "ok", url: `${site}/#far`, title: "Page" },
    ],
    [
      "a page while the last one still loads",
      async (c) => {
        await c.navigate({ url: `${site}/hanging`, timeout_ms: SHORT_MS }).catch(() => {});
        return (await c.navigate({ url: `${site}/other` })).title;
      },
      "Other",
    ],
    [
      "away from a page that asks to stay",
      async (c) => {
        await c.evaluate({ expression: "onbeforeunload = (e) => e.preventDefault(), 1" });
        await c.click({ selector: "#ok" });
        return (await c.navigate({ url: `${site}/other` })).title;
      },
      "Other",
    ],
  ],
  bad: [
    [
      "nobody listens",
      (c) => c.navigate({ url: closedPort() }),
      "navigation_failed",
      /ERR_CONNECTION_REFUSED/,
    ],
    [
      "a refused port",
      (c) => c.navigate({ url: "http://127.0.0.1:1/" }),
      "navigation_failed",
      /ERR_UNSAFE_PORT/,
    ],
    ["no content", (c) => c.navigate({ url: `${site}/empty` }), "navigation_failed", /ERR_ABORTED/],
    [
      "a download",
      (c) => c.navigate({ url: `${site}/download` }),
      "download_started",
      /it is a file, "x", and comes as the download "[0-9a-f-]{36}"/,
    ],
    ["no host", (c) => c.navigate({ url: "http://" }), "navigation_failed", /invalid URL/],
    [
      "no answer",
      (c) => c.navigate({ url: `${site}/never`, timeout_ms: SHORT_MS }),
      "timeout",
      /within \d+ ms: still waiting for the page's first answer/,
    ],
    [
      "an image without an answer",
      (c) => c.navigate({ url: `${site}/hanging`, timeout_ms: SHORT_MS }),
      "timeout",
      /load event/,
    ],
    ["a file", (c) => c.navigate({ url: "file:///etc/passwd" }), "invalid_request", /url/],
    ["a script", (c) => c.navigate({ url: "javascript:alert(1)" }), "invalid_request", /url/],
    ["Chrome's own", (c) => c.navigate({ url: "chrome://version" }), "invalid_request", /url/],
    ["no URL", (c) => c.navigate({ url: "" }), "invalid_request", /url/],
    ["no time", (c) => c.navigate({ url: site, timeout_ms: 0 }), "invalid_request", /timeout_ms/],
  ],
}));

table("click() waits until the element can be clicked", () => ({
  good: [
    ["a button", (c) => logged(c, c.click({ selector: "#ok" })), "click;"],
    [
      "the right button",
      (c) => logged(c, c.click({ selector: "#ok", button: "right" })),
      "menu;aux2;",
    ],
    ["the middle one", (c) => logged(c, c.click({ selector: "#ok", button: "middle" })), "aux1;"],
    ["one that is enabled later", (c) => logged(c, c.click({ selector: "#late" })), "late;"],
    ["one that comes later", (c) => logged(c, c.click({ selector: "#later" })), "later;"],
    ["one to be scrolled to", (c) => logged(c, c.click({ selector: "#far" })), "far;"],
    [
      "one that the pointer drives away, and nothing in its place",
      (c) => logged(c, c.click({ selector: "#shy" })),
      "shy;",
    ],
    ["one with children", (c) => logged(c, c.click({ selector: "#nested" })), "nested;"],
    [
      "a check box in its label",
      async (c) => {
        await c.click({ selector: "#agree" });
        return (await c.evaluate({ expression: "agree.checked" })).result;
      },
      true,
    ],
    [
      "a link",
      async (c) => {
        await c.click({ selector: "#link" });
        await c.getText({ selector: "title", visible: false });
        return (await c.evaluate({
          expression: "new Promise((r) => { const t = setInterval(() => " +
            "document.title === 'Other' && (clearInterval(t), r(location.pathname)), 10) })",
        }).catch(() => c.evaluate({ expression: "location.pathname" }))).result;
      },
      "/other",
    ],
    [
      "one that opens a dialog",
      async (c) => {
        await c.evaluate({ expression: "ok.onclick = () => log(String(confirm('Sure?'))), 1" });
        await c.click({ selector: "#ok" });
        await c.dialogsAccept({});
        return await logged(c);
      },
      "true;",
    ],
  ],
  bad: ([
    ["#absent", "element_not_found", /no element matches "#absent"/],
    ["#hidden", "element_not_actionable", /not visible: it has no size/],
    ["#flat", "element_not_actionable", /not visible: it has no size/],
    ["#unseen", "element_not_actionable", /not visible: its style hides it/],
    ["#disabled", "element_not_actionable", /it is disabled/],
    ["#aria", "element_not_actionable", /it is disabled/],
    ["#shyer", "element_not_actionable", /it moved, and <\w+> is in its place/],
    ["#covered", "element_not_actionable", /covered by <div id="cover" class="veil">/],
    ["#through", "element_not_actionable", /lets clicks through to <p>/],
    ["#", "selector_invalid", /'#' is not a valid selector/],
    ["text/OK", "selector_invalid", /valid selector/],
    ["", "invalid_request", /selector/],
  ] as const).map(([selector, code, message]): Bad => [
    selector || "no selector",
    (c) => looked((timeout_ms) => c.click({ selector, timeout_ms })),
    code,
    message,
  ]).concat([[
    "#moving",
    (c) => looked((timeout_ms) => c.click({ selector: "#moving", timeout_ms })),
    "element_not_actionable",
    /it is moving/,
  ], [
    "a handler without end",
    async (c) => {
      await c.waitSelector({ selector: "#later" }); // Which moves the others as it comes.
      await c.evaluate({ expression: "ok.onclick = () => { while (true); }, 1" });
      await c.click({ selector: "#ok", timeout_ms: 2_000 });
    },
    "timeout",
    /still waiting for the page to take the click/,
  ]]),
}));

/** Types, then reads the field. */
const typed = (selector: string, value: string, clear = false) => async (c: Client) => {
  await c.type({ selector, value, clear });
  const expression = `((e) => e.value ?? e.textContent)(document.querySelector("${selector}"))`;
  return (await c.evaluate({ expression })).result;
};
const SPECIAL = `<a href="x">'ä€😀漢\\ \${1} & end`;

table("type() types into what takes text", () => ({
  good: [
    ["behind the value", typed("#q", " new"), "old new"],
    ["in place of it", typed("#q", "new", true), "new"],
    ["nothing in place of it", typed("#q", "", true), ""],
    ["nothing", typed("#q", ""), "old"],
    ["special characters", typed("#q", SPECIAL, true), SPECIAL],
    ["a text area", typed("#area", "\nsecond"), "first\nsecond"],
    ["a text area, cleared", typed("#area", SPECIAL, true), SPECIAL],
    ["an editable element", typed("#rich", " text"), "rich text"],
    ["an editable element, cleared", typed("#rich", SPECIAL, true), SPECIAL],
    ["an e-mail field", typed("#mail", ".c"), "a@b.c"],
    ["a long text", typed("#area", "x".repeat(5_000), true), "x".repeat(5_000)],
    ["Enter", (c) => logged(c, c.type({ selector: "#q", value: "er\n" })), "submit older;"],
  ],
  bad: ([
    ["#absent", "element_not_found", /type into "#absent"/],
    ["#ok", "element_not_actionable", /takes no text: it is <button>/],
    ["#agree", "element_not_actionable", /takes no text: it is <input type="checkbox">/],
    ["#file", "element_not_actionable", /takes no text/],
    ["#select", "element_not_actionable", /takes no text: it is <select>/],
    ["#text", "element_not_actionable", /takes no text: it is <p>/],
    ["#readonly", "element_not_actionable", /read-only/],
    ["#locked", "element_not_actionable", /disabled/],
    ["#hidden", "element_not_actionable", /not visible/],
    ["#covered", "element_not_actionable", /covered by/],
    ["[", "selector_invalid", /valid selector/],
    ["x".repeat(10_001), "invalid_request", /selector/],
  ] as const).map(([selector, code, message]): Bad => [
    selector.slice(0, 20),
    (c) => looked((timeout_ms) => c.type({ selector, value: "x", timeout_ms })),
    code,
    message,
  ]),
}));

table("getText() and getHtml() read elements", () => ({
  good: [
    ["rendered text", (c) => c.getText({ selector: "#text" }), { text: "Shown bold" }],
    [
      "all text",
      (c) => c.getText({ selector: "#text", visible: false }),
      { text: "Shown secret bold" },
    ],
    ["text that comes later", (c) => c.getText({ selector: "#later" }), { text: "Later" }],
    ["no text", (c) => c.getText({ selector: "#log" }), { text: "" }],
    [
      "an element's HTML",
      (c) => c.getHtml({ selector: "#nested > b" }),
      { html: "<b><i>Nested</i></b>" },
    ],
    [
      "a page's HTML",
      async (c) => {
        await c.navigate({ url: "data:text/html,<!doctype html><p>x" });
        return await c.getHtml({});
      },
      { html: "<!DOCTYPE html><html><head></head><body><p>x</p></body></html>" },
    ],
  ],
  bad: [
    ...(["getText", "getHtml"] as const).flatMap((name): Bad[] => [
      [
        `${name} of none`,
        (c) => looked((timeout_ms) => c[name]({ selector: "#absent", timeout_ms })),
        "element_not_found",
        /read the (text|HTML) of "#absent"/,
      ],
      [`${name} of no CSS`, (c) => c[name]({ selector: ":x" }), "selector_invalid", /':x'/],
      [
        `${name} of too much`,
        async (c) => {
          await c.evaluate({ expression: "hidden.textContent = 'x'.repeat(34e6), 1" });
          return await c[name]({ selector: "#hidden" });
        },
        "result_too_large",
        /at least 34\d{6} bytes/,
      ],
    ]),
    [
      "a page that does not answer",
      async (c) => {
        await c.evaluate({
          expression: "setTimeout(() => { while (true); }), 1",
        });
        await c.evaluate({ expression: "1", timeout_ms: 50 }).catch(() => {});
        return await c.getText({ selector: "#ok", timeout_ms: SHORT_MS });
      },
      "timeout",
      /still waiting for the page to answer/,
    ],
  ],
}));

/** The URL of a port that was free a moment ago. */
function closedPort(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return `http://127.0.0.1:${port}/`;
}

Deno.test("problems say what to do next", async (t) => {
  await using agent = await startAgent();
  await using pages = serveSite({ "/hanging": `<title>Half</title><img src="/never">` });
  const { client } = agent;
  const rows: readonly [call: () => Promise<unknown>, hint: RegExp][] = [
    [() => client.navigate({ url: closedPort() }), /egress .* 127\.0\.0\.1 is the VM itself/],
    [
      () => client.navigate({ url: `${pages.url}/hanging`, timeout_ms: SHORT_MS }),
      /go on, or wait for less with wait_until/,
    ],
    [() => client.evaluate({ expression: "() => 1" }), /give args/],
    [() => client.evaluate({ expression: "await 1" }), /\(async \(\) => \{ … \}\)\(\)/],
    [() => client.evaluate({ expression: "return 1" }), /\(async \(\) => \{ … \}\)\(\)/],
  ];
  for (const [call, hint] of rows) {
    await t.step(String(call), async () => {
      const error = await call().then(() => assert.fail("it did not fail"), (error) => error);
      assert.match(error.hint ?? "none", hint, error.message);
    });
  }
});

/**
 * Goal: waits end when what is waited for is there, across navigations too, and say what was there
 * instead when it does not come.
 * Method: tables of calls through the typed client, against one real agent and Chrome.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { type Bad, type Client, type Good, SHORT_MS, table } from "./agent_table.ts";
import { looked } from "./looked.ts";

const OK = { status: "ok" };

/** Does something in the page a little later, while the wait is on its way. */
async function later(client: Client, script: string, wait: () => Promise<unknown>) {
  await client.evaluate({ expression: `void setTimeout(() => { ${script} }, 150)` });
  return await wait();
}

/** The reference that a snapshot gives the element of that role and name. */
async function refOf(client: Client, name: string): Promise<string> {
  const { text = "" } = await client.snapshot({});
  return new RegExp(`(e\\d+) \\w+ "${name}"`).exec(text)?.[1] ?? assert.fail(text);
}

const short = { timeout_ms: SHORT_MS };

table("waitSelector() waits for an element in each state", () => ({
  good: ([
    ["one that is there", (c) => c.waitSelector({ selector: "#ok" })],
    ["one that is hidden is attached", (c) => c.waitSelector({ selector: "#hidden" })],
    ["one that comes", (c) => c.waitSelector({ selector: "#later", visible: true })],
    [
      "one that shows itself",
      (c) =>
        later(
          c,
          "hidden.style.display = 'block'",
          () => c.waitSelector({ selector: "#hidden", state: "visible" }),
        ),
    ],
    [
      "one that hides",
      (c) =>
        later(c, "ok.hidden = true", () => c.waitSelector({ selector: "#ok", state: "hidden" })),
    ],
    ["one that never was is hidden", (c) => c.waitSelector({ selector: "#no", state: "hidden" })],
    [
      "one that goes",
      (c) => later(c, "ok.remove()", () => c.waitSelector({ selector: "#ok", state: "detached" })),
    ],
    ["one by its role", (c) => c.waitSelector({ role: "button", role_name: "OK", visible: true })],
    [
      "one by its text that goes",
      (c) => later(c, "ok.remove()", () => c.waitSelector({ text: "OK", state: "detached" })),
    ],
    ["one by its reference that goes", async (c) => {
      const ref = await refOf(c, "OK");
      return await later(c, "ok.remove()", () => c.waitSelector({ ref, state: "detached" }));
    }],
    [
      "one on the page that comes next",
      (c) =>
        later(
          c,
          "location = '/next'",
          () => c.waitSelector({ selector: "#next", visible: true }),
        ),
    ],
    ["while another action has its turn", async (c) => {
      const slow = c.evaluate({ expression: "new Promise((done) => globalThis.end = done)" });
      await c.waitFunction({ expression: "globalThis.end !== undefined" });
      const answer = await c.waitSelector({ selector: "#ok" });
      await c.waitFunction({ expression: "end(), true" });
      await slow;
      return answer;
    }],
  ] as [string, (c: Client) => Promise<unknown>][]).map(([title, call]): Good => [title, call, OK]),
  bad: ([
    [{ selector: "#absent" }, "timeout", /"#absent" is attached.*: no element matches/],
    [
      { selector: "#hidden", state: "visible" },
      "timeout",
      /"#hidden" is visible within \d+ ms: "#hidden" is there, but it has no size/,
    ],
    [{ selector: "#unseen", visible: true }, "timeout", /but its style hides it/],
    [{ selector: "#ok", state: "hidden" }, "timeout", /is hidden.*: "#ok" is shown/],
    [{ selector: "#ok", state: "detached" }, "timeout", /is detached.*"#ok" is shown/],
    [{ ref: "e9999", state: "detached" }, "ref_not_found", /no snapshot/],
    [{ selector: "[" }, "selector_invalid", /valid selector/],
    [{ selector: "#ok", state: "gone" }, "invalid_request", /state/],
    [{ selector: "#ok", state: "hidden", visible: true }, "invalid_request", /one state/],
    [{}, "invalid_request", /name the element/],
  ] as const).map(([input, code, message]): Bad => [
    JSON.stringify(input),
    (c) => looked((timeout_ms) => c.waitSelector({ ...input, timeout_ms } as never)),
    code,
    message,
  ]),
}));

table("waitText() waits for a text to be shown or gone", () => ({
  good: [
    ["one that is there, in another case", (c) => c.waitText({ text: "nested" }), OK],
    ["one over several elements", (c) => c.waitText({ text: "shown secret bold" }), OK],
    [
      "one that comes",
      (c) => later(c, "text.textContent = 'Paid'", () => c.waitText({ text: "Paid" })),
      OK,
    ],
    [
      "one that goes",
      (c) => later(c, "ok.remove()", () => c.waitText({ text: "OK", gone: true })),
      OK,
    ],
    ["one that was never there", (c) => c.waitText({ text: "nowhere", gone: true }), OK],
    ["one that is hidden is gone", (c) => c.waitText({ text: "Unseen", gone: true }), OK],
    [
      "one on the page that comes next",
      (c) => later(c, "location = '/next'", () => c.waitText({ text: "Arrived" })),
      OK,
    ],
  ],
  bad: [
    [
      "one that never comes",
      (c) => looked((timeout_ms) => c.waitText({ text: "nowhere", timeout_ms })),
      "timeout",
      /the text "nowhere" is shown within \d+ ms: no element matches the text "nowhere"/,
    ],
    [
      "one that is hidden",
      (c) => looked((timeout_ms) => c.waitText({ text: "Unseen", timeout_ms })),
      "timeout",
      /the text "Unseen" is there, but its style hides it/,
    ],
    [
      "one that stays",
      (c) => looked((timeout_ms) => c.waitText({ text: "OK", gone: true, timeout_ms })),
      "timeout",
      /is gone within \d+ ms: the text "OK" is shown/,
    ],
    ["no text", (c) => c.waitText({ text: "" }), "invalid_request", /text/],
    [
      "a page that a dialog stops",
      async (c) => {
        await c.evaluate({ expression: "alert('Stop')" }).catch(() => {}); // The dialog ends it.
        return await c.waitText({ text: "nowhere", ...short });
      },
      "timeout",
      /, and the alert "Stop" stops it/,
    ],
  ],
}));

table("waitUrl() waits until the page is where it is to be", (site) => {
  const other = { status: "ok", url: `${site}/other`, title: "Other", http_status: 200 };
  return {
    good: [
      ["where it is", async (c) => {
        await c.navigate({ url: `${site}/other` });
        return await c.waitUrl({ url: `${site}/other` });
      }, other],
      [
        "where it goes, by a glob",
        (c) => later(c, "location = '/moved'", () => c.waitUrl({ glob: "http://*/other" })),
        other,
      ],
      [
        "by a regular expression",
        (c) => later(c, "location = '/other'", () => c.waitUrl({ regex: "/o.her$" })),
        other,
      ],
      [
        "within the document",
        (c) =>
          later(
            c,
            "history.pushState(null, '', '/there?a=1#b')",
            () => c.waitUrl({ glob: "*/there?a=1#b" }),
          ),
        {
          ...{ status: "ok", url: `${site}/there?a=1#b`, title: "Page", http_status: 200 },
        },
      ],
      [
        "before it has loaded",
        (c) =>
          later(
            c,
            "location = '/hanging'",
            () => c.waitUrl({ url: `${site}/hanging`, wait_until: "domcontentloaded" }),
          ),
        {
          ...{ status: "ok", url: `${site}/hanging`, title: "Hanging", http_status: 200 },
        },
      ],
    ],
    bad: [
      [
        "a URL it never has",
        (c) => looked((timeout_ms) => c.waitUrl({ url: `${site}/never-there`, timeout_ms })),
        "timeout",
        /is at "http.*\/never-there" within \d+ ms: the page is at "http:\/\/127.0.0.1:\d+\/"/,
      ],
      [
        "a part of the URL",
        (c) => looked((timeout_ms) => c.waitUrl({ glob: "127.0.0.1", timeout_ms })),
        "timeout",
        /the page is at/,
      ],
      [
        "a page that does not load",
        async (c) => {
          const url = `${site}/hanging`;
          await c.navigate({ url, wait_until: "commit" });
          return await c.waitUrl({ url, ...short });
        },
        "timeout",
        /the page's load event/,
      ],
      [
        "a pattern without end",
        (c) => c.waitUrl({ regex: "(h+)+".repeat(20) + "$", ...short }),
        "timeout",
        /is at/,
      ],
      ["two ways", (c) => c.waitUrl({ url: "a", glob: "a" }), "invalid_request", /one of url/],
      ["no way", (c) => c.waitUrl({}), "invalid_request", /one of url, glob and regex/],
      ["no pattern", (c) => c.waitUrl({ regex: "(" }), "invalid_request", /regular expression/],
    ],
  };
});

table("waitFunction() waits until an expression is true", () => ({
  good: [
    ["one that is", (c) => c.waitFunction({ expression: "1 + 1" }), { result: 2 }],
    [
      "one that comes true",
      (c) =>
        later(
          c,
          "globalThis.ready = { a: [1] }",
          () => c.waitFunction({ expression: "globalThis.ready" }),
        ),
      { result: { a: [1] } },
    ],
    [
      "a function with arguments",
      (c) => c.waitFunction({ expression: "(a, b) => a + b.c", args: [1, { c: 2 }] }),
      { result: 3 },
    ],
    ["a promise", (c) => c.waitFunction({ expression: "async () => 'late'" }), { result: "late" }],
    [
      "one that throws until it is true",
      (c) => later(c, "globalThis.o = { a: 7 }", () => c.waitFunction({ expression: "o.a" })),
      { result: 7 },
    ],
    ["what JSON has no words for", (c) => c.waitFunction({ expression: "10n" }), { result: null }],
    [
      "of the page that comes next",
      (c) =>
        later(
          c,
          "location = '/other'",
          () => c.waitFunction({ expression: "document.title === 'Other' && document.title" }),
        ),
      { result: "Other" },
    ],
    ["with a comment at its end", (c) => c.waitFunction({ expression: "5 // five" }), {
      result: 5,
    }],
  ],
  bad: [
    [
      "one that never is",
      (c) => looked((timeout_ms) => c.waitFunction({ expression: "0", timeout_ms })),
      "timeout",
      /until "0" is true within \d+ ms: it is "0"/,
    ],
    [
      "one that throws",
      (c) => looked((timeout_ms) => c.waitFunction({ expression: "nope.x", timeout_ms })),
      "timeout",
      /it threw "ReferenceError: nope is not defined"/,
    ],
    [
      "no expression",
      (c) => c.waitFunction({ expression: "a b", ...short }),
      "script_failed",
      /SyntaxError/,
    ],
    [
      "a promise without end",
      (c) => c.waitFunction({ expression: "new Promise(() => {})", ...short }),
      "timeout",
      /the page did not answer/,
    ],
    [
      "a script without end",
      (c) => c.waitFunction({ expression: "(() => { while (true); })()", ...short }),
      "timeout",
      /within 800 ms/,
    ],
    ["nothing", (c) => c.waitFunction({ expression: "" }), "invalid_request", /expression/],
  ],
}));

Deno.test("a wait ends with its page, found or not, and with its caller", async () => {
  await using agent = await startAgent();
  await using site = serveSite({ "/": "<title>One</title>" });
  const { client } = agent;
  const { id } = await client.pagesNew({ url: `${site.url}/` });
  const onPage = client.waitText({ text: "nowhere", page: id });
  const expected = assert.rejects(onPage, { code: "page_not_found" });
  await client.pagesClose({ page: id });
  await expected;
  const caller = new AbortController();
  const waiting = client.waitText({ text: "nowhere" }, { signal: caller.signal });
  const hungUp = assert.rejects(waiting);
  caller.abort();
  await hungUp;
  assert.equal((await client.navigate({ url: `${site.url}/` })).title, "One");
});

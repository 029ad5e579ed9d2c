/**
 * Goal: pages are told as Markdown and by their links, as they are shown; what cannot be told is
 * said.
 * Method: tables of calls through the typed client, against one real agent and Chrome.
 */
import assert from "node:assert/strict";
import type { browserLinks, browserMarkdown } from "../../protocol/reading.ts";
import type { InputOf } from "../../protocol/operation.ts";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { table } from "./agent_table.ts";
import { looked } from "./looked.ts";

const SENTENCE = "The kestrel hovers over the field and looks for voles in the long dry grass. ";
const SITE = {
  "/page": `<title>Page</title><nav><a href="/home">Home</a></nav>
    <h1>Head <em>line</em></h1><p>One <b>bold</b> and a <a href="other?a=1#b">link</a>.</p>
    <ul><li>first</li><li>second</li></ul><ol><li>one</li></ol>
    <pre><code class="language-ts">const a = 1;\nconst b = 2;</code></pre>
    <table id="table"><thead><tr><th>Name</th><th>Size</th></tr></thead>
      <tbody><tr><td>a</td><td>1</td></tr></tbody></table>
    <p hidden>secret</p><p style="visibility: hidden">unseen</p><script>var code</script>
    <style>p {}</style><p><del>old</del> <img src="/a.png" alt="A">
      <img alt="inline" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></p>
    <div id="host"><i slot="in">slotted</i></div><p style="display: contents">contents</p>
    <div id="evil">1. not a list * not bold *</div>
    <script>document.querySelector("#host").attachShadow({ mode: "open" }).innerHTML =
      "<p>shadow <slot name=in></slot></p><a href='/inside'>Inside</a>"</script>`,
  "/article": `<title>Kestrels</title><nav><a href="/1">Menu one</a><a href="/2">Menu two</a></nav>
    <main><article>${`<p>${SENTENCE.repeat(5)}</p><h2>At night</h2>`.repeat(5)}</article></main>
    <aside class="sidebar">Buy <a href="/ad">now</a></aside><footer>Imprint</footer>`,
  "/menu": `<title>Menu</title><a href="/a">A</a>`,
  "/picture": `<title>Picture</title><img src="/a.png">`,
  "/deep": `<script>let at = document.documentElement.appendChild(document.createElement("body"));
    for (let n = 0; n < 1500; n++) at = at.appendChild(document.createElement("div"));
    at.textContent = "bottom"</script>`,
  "/long": `<body><script>for (let n = 0; n < 30000; n++) {
    const p = document.createElement("p"); p.textContent = "line " + n; document.body.append(p) }
    </script>`,
  "/links": `<a href="/a">A</a> <a href="/a">A again</a> <a href="/b"><img alt="Picture"></a>
    <a href="https://else.test/x?y=1" aria-label="Else"></a> <a>no link</a> <a href="">itself</a>
    <a href="/hidden" hidden>Hidden</a> <a href="mailto:a@b.test">Mail</a>
    <div id="box"><a href="/in">  In
      the box </a></div><map><area href="/area" alt="Area"></map>
    <div id="host"></div><script>host.attachShadow({ mode: "open" }).innerHTML =
      "<a href='/shadow'>Shadow</a>"</script>`,
};

const MARKDOWN = (site: string) =>
  `[Home](${site}/home)

# Head _line_

One **bold** and a [link](${site}/other?a=1#b).

-   first
-   second

1.  one

\`\`\`ts
const a = 1;
const b = 2;
\`\`\`

| Name | Size |
| --- | --- |
| a   | 1   |

~~old~~ ![A](${site}/a.png) 

shadow _slotted_

[Inside](${site}/inside)

contents

1\\. not a list \\* not bold \\*`;

Deno.test("markdown() tells what a page shows", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const told = async (path: keyof typeof SITE, input: InputOf<typeof browserMarkdown> = {}) => {
    await client.navigate({ url: site.url + path });
    return await client.markdown(input);
  };
  await t.step("all of it, hidden parts and scripts left out", async () => {
    const { markdown, ...rest } = await told("/page");
    assert.equal(markdown, MARKDOWN(site.url));
    const { length } = markdown;
    const place = { title: "Page", url: `${site.url}/page` };
    assert.deepEqual(rest, { length, truncated: false, main: false, ...place });
  });
  await t.step("an element", async () => {
    const { markdown } = await told("/page", { selector: "#table" });
    assert.equal(markdown, "| Name | Size |\n| --- | --- |\n| a   | 1   |");
    assert.equal((await told("/page", { text: "second" })).markdown, "-   second");
  });
  await t.step("the main part", async () => {
    const whole = await told("/article");
    assert.match(whole.markdown, /Menu one[^]*## At night[^]*Imprint/);
    const { markdown, main } = await told("/article", { main_only: true });
    assert.equal(main, true);
    assert.match(markdown, /^The kestrel hovers[^]*\n\n## At night\n\nThe kestrel/);
    assert.doesNotMatch(markdown, /Menu|Buy|Imprint/);
  });
  await t.step("all of it where no main part can be made out", async () => {
    const { markdown, main } = await told("/picture", { main_only: true });
    assert.deepEqual([main, markdown], [false, `![](${site.url}/a.png)`]);
  });
  await t.step("as much as is asked for, to the end of a line", async () => {
    const { markdown, length, truncated } = await told("/long", { max_length: 100 });
    assert.equal(truncated, true);
    assert.ok(length > 300_000);
    assert.match(markdown, /^line 0\n\nline 1\n[^]*line 11\n?$/);
  });
  await t.step("of a page without a bottom, its upper part", async () => {
    const { markdown, truncated } = await told("/deep");
    assert.deepEqual([markdown, truncated], ["", true]);
  });
  await t.step("and leaves the page as it was", async () => {
    const before = (await told("/page")).markdown;
    assert.equal((await client.markdown({})).markdown, before);
    const { result } = await client.evaluate({ expression: "typeof TurndownService" });
    assert.equal(result, "undefined");
  });
  await t.step("as bytes", async () => {
    await client.navigate({ url: `${site.url}/menu` });
    const response = await agent.signedFetch(`${agent.baseUrl}/v1/dom/markdown`, {
      method: "POST",
      headers: { accept: "text/markdown" },
    });
    assert.equal(response.headers.get("content-type"), "text/markdown; charset=utf-8");
    assert.equal(await response.text(), `[A](${site.url}/a)`);
  });
});

type LinksInput = InputOf<typeof browserLinks>;

table("scrape() reads all elements of some selectors", () => ({
  good: [[
    "what they show, hold and have",
    (c) => c.scrape({ selectors: ["#nested > b", "#mail, #q", "#absent"], limit: 1 }),
    {
      results: [
        {
          selector: "#nested > b",
          elements: [{ text: "Nested", html: "<i>Nested</i>", attributes: {} }],
          total: 1,
        },
        {
          selector: "#mail, #q",
          elements: [{ text: "", html: "", attributes: { id: "q", name: "q", value: "old" } }],
          total: 2,
        },
        { selector: "#absent", elements: [], total: 0 },
      ],
    },
  ]],
  bad: [
    [
      "no CSS",
      (c) => c.scrape({ selectors: ["p", "["] }),
      "selector_invalid",
      /"\[" is not a valid/,
    ],
    ["no selector", (c) => c.scrape({ selectors: [] }), "invalid_request", /selectors/],
    [
      "too much",
      async (c) => {
        await c.evaluate({ expression: "hidden.textContent = 'x'.repeat(34e6), 1" });
        return await c.scrape({ selectors: ["#hidden"] });
      },
      "result_too_large",
      /has at least \d{8} bytes/,
    ],
  ],
}));

Deno.test("links() lists what a page links to", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  await agent.client.navigate({ url: `${site.url}/links` });
  const all = [
    [`${site.url}/a`, "A"],
    [`${site.url}/b`, "Picture"],
    ["https://else.test/x?y=1", "Else"],
    [`${site.url}/links`, "itself"],
    [`${site.url}/hidden`, "Hidden"],
    ["mailto:a@b.test", "Mail"],
    [`${site.url}/in`, "In the box"],
    [`${site.url}/area`, "Area"],
    [`${site.url}/shadow`, "Shadow"],
  ];
  const rows: [title: string, input: LinksInput, links: string[][], total?: number][] = [
    ["all of them", {}, all],
    ["each as often as it is there", { unique: false }, [...all.slice(0, 1), [
      `${site.url}/a`,
      "A again",
    ], ...all.slice(1)]],
    ["those of an element", { selector: "#box" }, all.slice(6, 7)],
    ["an element that is one", { text: "In the box" }, all.slice(6, 7)],
    ["those that fit a glob", { glob: "https://*y=1" }, all.slice(2, 3)],
    ["a glob fits whole URLs", { glob: "else" }, []],
    ["a glob's other characters are themselves", { glob: "https://else.test/x.y*" }, []],
    ["those that fit a regular expression", { regex: "/[ab]$" }, all.slice(0, 2)],
    ["those that are shown", { visible: true, regex: "hidden|/a$" }, all.slice(0, 1)],
    ["the first", { limit: 2 }, all.slice(0, 2), all.length],
  ];
  for (const [title, input, links, total = links.length] of rows) {
    await t.step(title, async () => {
      const answer = await agent.client.links(input);
      assert.deepEqual(answer.links.map(({ url, text }) => [url, text]), links);
      assert.deepEqual([answer.total, answer.truncated], [total, total > links.length]);
    });
  }
});

table("markdown() and links() say what they cannot tell", () => ({
  good: [],
  bad: (["markdown", "links"] as const).flatMap((name) => [
    [
      `${name} of none`,
      (c) => looked((timeout_ms) => c[name]({ selector: "#absent", timeout_ms })),
      ...[
        "element_not_found" as const,
        /of "#absent"|tell "#absent"/,
      ] as const,
    ],
    [`${name} of no CSS`, (c) => c[name]({ selector: "[" }), "selector_invalid", /valid selector/],
    [`${name} of two`, (c) => c[name]({ selector: "a", text: "b" }), "invalid_request", /one of/],
    [`${name} of a ref`, (c) => c[name]({ ref: "e99" }), "ref_not_found", /e99/],
    [
      `${name} without end`,
      name === "links"
        ? (c) => c.links({ regex: "(" })
        : (c) => c.markdown({ max_length: 5_000_001 }),
      "invalid_request",
      /no regular expression|max_length/,
    ],
  ]),
}));

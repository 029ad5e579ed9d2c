/**
 * Goal: a snapshot's text says what is on a page, whole and small, and its references hold.
 * Method: pages that are made for it, against one real agent and Chrome.
 */
import assert from "node:assert/strict";
import { until } from "../until.ts";
import { serveSite, startAgent, WAIT_MS } from "./agent_fixture.ts";
import { type Client, SHORT_MS } from "./agent_table.ts";

/** To look a few times for what is not there, over a page of 300 sections. */
const ABSENT_MS = 5_000;

const sections = (count: number, style: string) =>
  Array.from(
    { length: count },
    (_, n) => `<section style="${style}"><h2>Head ${n}</h2><a href="/${n}">link ${n}</a></section>`,
  ).join("");

const SITE = {
  "/": `<title>Shop</title><main><h1>Pay</h1>
    <label>Card <input required value="4111"></label><button disabled>Pay now</button>
    <ul><li><a href="/a">Home</a></li><li><a href="/b">About <b>us</b></a></li></ul>
    <iframe srcdoc="<button onclick='this.textContent=&quot;Pressed&quot;'>Inner</button>"></iframe>
    <iframe id="cross"></iframe><div id="host"></div></main><script>
    host.attachShadow({ mode: "open" }).innerHTML = "<button>Deep</button>";
    cross.src = location.href.replace("127.0.0.1", "localhost") + "other";</script>`,
  "/other": "<button>Far away</button>",
  "/big": `<title>Big</title>${sections(3_400, "")}`,
  "/auto": `<title>Auto</title><h1>Top</h1>${
    sections(300, "content-visibility: auto; contain-intrinsic-size: auto 300px")
  }<div style="content-visibility: hidden"><p>Never shown</p></div>`,
  "/hanging": `<title>Hanging</title><h1>Here</h1><iframe id="cross"></iframe><p>Below</p><script>
    let hangs;
    onmessage = () => { clearTimeout(hangs); hangs = setTimeout(() => document.title = "Hangs", 500) };
    cross.src = location.href.replace("127.0.0.1", "localhost").replace("hanging", "hangs")</script>`,
  "/hangs":
    `<script>setInterval(() => parent.postMessage(1, "*"), 20); setTimeout(() => { for (;;); }, 200)</script>`,
  "/after": "<title>After</title><h1>After</h1>",
};

async function textOf(client: Client, input: Parameters<Client["snapshot"]>[0] = {}) {
  return (await client.snapshot(input)).text ?? assert.fail("no text");
}

function refOf(text: string, line: string): string {
  return new RegExp(`(e\\d+) ${line}`).exec(text)?.[1] ?? assert.fail(`no ${line} in\n${text}`);
}

Deno.test("a snapshot's text is whole, small and by reference", async (t) => {
  // As a Chrome with a head does it, with a process for each site.
  await using agent = await startAgent({ chrome: { args: ["--site-per-process"] } });
  await using site = serveSite(SITE);
  const { client } = agent;
  const hrefOf = async () =>
    String((await client.evaluate({ expression: "location.href" })).result);
  const at = (path: string) => client.navigate({ url: `${site.url}${path}` });

  await t.step("roles, names, states and values", async () => {
    await at("/");
    const text = await textOf(client);
    assert.deepEqual(text.replaceAll(/e\d+ /g, "").split("\n").slice(0, 9), [
      "main",
      ' heading "Pay" level=1',
      ' textbox "Card" required: "4111"',
      ' button "Pay now" disabled',
      " list",
      '  link "Home"',
      '  link "About us"',
      " iframe",
      '  button "Inner"',
    ]);
    for (const name of ["Deep", "Far away"]) assert.match(text, new RegExp(`button "${name}"`));
  });
  await t.step("a reference into a frame is acted on", async () => {
    await client.click({ ref: refOf(await textOf(client), 'button "Inner"') });
    assert.match(await textOf(client), /button "Pressed"/);
  });
  await t.step("references hold as long as the node lives", async () => {
    const before = refOf(await textOf(client), 'button "Pay now"');
    await client.evaluate({
      expression: "document.querySelector('h1').before(document.createElement('hr')), " +
        "document.querySelector('main > button').textContent = 'Pay later', 1",
    });
    assert.equal(refOf(await textOf(client), 'button "Pay later"'), before);
  });
  await t.step("a reference to what is gone is refused at once", async () => {
    const ref = refOf(await textOf(client), 'link "Home"');
    await client.evaluate({ expression: "document.querySelector('ul').remove()" });
    await assert.rejects(client.click({ ref }), { code: "ref_not_found" });
    await at("/after");
    await assert.rejects(client.click({ ref }), { code: "ref_not_found" });
    await assert.rejects(client.click({ ref: "e999999" }), { code: "ref_not_found" });
  });
  await t.step("a difference is what changed, and says when nothing did", async () => {
    await at("/");
    await textOf(client);
    assert.equal(await textOf(client, { diff: true }), "… nothing has changed");
    const search = "no such thing";
    assert.equal(await textOf(client, { search }), `… no line holds "${search}"`);
    assert.equal(
      await textOf(client, { search, diff: true }),
      `… no line that changed holds "${search}"`,
    );
    await client.evaluate({ expression: "document.querySelector('h1').textContent = 'Paid', 1" });
    const changes = (await textOf(client, { diff: true })).replaceAll(/e\d+ /g, "").split("\n");
    assert.deepEqual(changes, ['-  heading "Pay" level=1', '+  heading "Paid" level=1']);
  });
  await t.step("a page that is cut says so, in a search too", async () => {
    await at("/");
    const cut = /^… the page has more than 2 nodes, .* browser\.get_text/m;
    assert.match(await textOf(client, { max_nodes: 2 }), cut);
    const text = await textOf(client, { max_nodes: 2, search: "Home" });
    assert.match(text, /^… no line holds "Home"\n… the page has more than 2 nodes/);
  });
  await t.step("the first snapshot of a page has no difference", async () => {
    const { id } = await client.pagesNew({ url: `${site.url}/after` });
    assert.equal((await client.snapshot({ diff: true })).is_diff, false);
    await client.pagesClose({ page: id });
  });
  await t.step("a difference with another page is that page, where that is shorter", async () => {
    await at("/after");
    const { text, is_diff } = await client.snapshot({ diff: true });
    assert.deepEqual([text?.replace(/e\d+ /, ""), is_diff], ['heading "After" level=1', false]);
  });
  await t.step("a search is not what the next difference is to", async () => {
    await at("/");
    await textOf(client);
    assert.match(
      await textOf(client, { search: "home" }),
      /^e\d+ main\n e\d+ list\n {2}e\d+ link "Home"$/,
    );
    assert.deepEqual(
      await client.snapshot({ diff: true }).then(({ text, is_diff }) => [text, is_diff]),
      ["… nothing has changed", true],
    );
  });
  await t.step("10,000 nodes in parts within the bound, every line once", async () => {
    await at("/big");
    const first = await client.snapshot({});
    assert.ok((first.tokens ?? 0) <= 6_000 && (first.parts ?? 0) > 10);
    assert.match(first.text ?? "", /… part 1 of \d+, .* ask again with part=2/);
    const links = new Set<string>();
    for (let part = 1, parts = 2; part <= parts; part++) {
      const said = await client.snapshot({ part, tokens_max: 40_000 });
      parts = said.parts ?? 0;
      for (const [link] of (said.text ?? "").matchAll(/link "link \d+"/g)) links.add(link);
    }
    assert.equal(links.size, 3_400);
  });
  await t.step("a search finds one of 10,000", async () => {
    const text = await textOf(client, { search: "LINK 3210" });
    assert.match(text, /^e\d+ link "link 3210"$/);
  });
  await t.step("what is drawn on scrolling only is there, and the page as it was", async () => {
    await at("/auto");
    const where = "[document.elementFromPoint(640, 1).closest('section').textContent, " +
      "document.documentElement.scrollHeight, scrollY, globalThis.changes, " +
      "document.adoptedStyleSheets.length]";
    // What was just scrolled to is drawn, and measured, some frames later.
    const settled = (expression: string) =>
      client.evaluate({
        expression: `(async () => {
          for (let last = "", same = 0; same < 20;) {
            await new Promise(requestAnimationFrame);
            const now = JSON.stringify(${expression});
            same = now === last ? same + 1 : 0;
            last = now;
          }
          return ${expression};
        })()`,
        await_promise: true,
      });
    await client.evaluate({
      expression: "scrollTo(0, 5000), globalThis.changes = 0, " +
        "new MutationObserver(() => changes++).observe(document, { subtree: true, " +
        "attributes: true, childList: true }), 1",
    });
    const before = (await settled(where)).result;
    const text = await textOf(client, { tokens_max: 100_000 });
    for (let n = 0; n < 300; n++) assert.ok(text.includes(`link "link ${n}"`), `link ${n}`);
    assert.doesNotMatch(text, /Never shown/);
    assert.deepEqual((await settled(where)).result, before);
    await client.click({ ref: refOf(text, 'link "link 299"') });
    assert.match(await hrefOf(), /299$/);
  });
  await t.step("a role is found where nothing is drawn yet, whole names first", async () => {
    await at("/auto");
    await client.click({ role: "link", role_name: "link 2" });
    assert.match(await hrefOf(), /\/2$/);
    await at("/auto");
    await client.click({ role: "link", role_name: "LINK 277" });
    assert.match(await hrefOf(), /\/277$/);
    await at("/auto");
    const absent = client.click({ role: "link", role_name: "link 300", timeout_ms: ABSENT_MS });
    await assert.rejects(absent, { code: "element_not_found" });
  });
  await t.step("a page is told without a frame that hangs", async () => {
    await at("/hanging");
    await until("the frame hangs", async () => {
      const { result } = await client.evaluate({ expression: "document.title" });
      return result === "Hangs";
    }, WAIT_MS);
    const text = (await textOf(client)).replaceAll(/e\d+ /g, "");
    assert.deepEqual(text.split("\n"), ['heading "Here" level=1', "iframe", '"Below"']);
  });
  await t.step("the tree has references, too", async () => {
    await at("/after");
    const { root, text } = await client.snapshot({ format: "tree" });
    assert.equal(text, undefined);
    assert.match(JSON.stringify(root), /"role":"heading","name":"After","level":1,"ref":"e\d+"/);
  });
  for (
    const input of [{ tokens_max: 10 }, { part: 0 }, { search: "" }, { format: "xml" as "text" }]
  ) {
    await t.step(`${JSON.stringify(input)} is refused`, async () => {
      await assert.rejects(client.snapshot(input), { code: "invalid_request" });
    });
  }
  await t.step("a page that does not answer", async () => {
    await client.evaluate({
      expression: "setTimeout(() => { while (true); }), 1",
    });
    await client.evaluate({ expression: "1", timeout_ms: 50 }).catch(() => {});
    await assert.rejects(client.snapshot({ timeout_ms: SHORT_MS }), { code: "timeout" });
  });
});

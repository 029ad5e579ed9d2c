/**
 * Goal: what is read of a page is read of its frames, too, of whatever site, within bounds.
 * Method: a page with frames of its own site and of another, shown, hidden and nested.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";

const PAGE = (other: string) =>
  `<title>Outer</title><h1>Outer</h1><a href="/a">A</a>
    <iframe src="/inner" name="attributes"></iframe><p class="x">Between</p>
    <ul><li>Item<iframe src="${other}/other"></iframe></li></ul>
    <iframe src="/hidden" style="display: none"></iframe>
    <div id="box"><iframe srcdoc="<p class='x'>Written</p>"></iframe></div><table><tr><th>viperframex0x</th><th><iframe
    src="/deeper"></iframe></th></tr></table><p>End</p>`;

const MARKDOWN = (site: string, other: string) =>
  `# Outer

[A](${site}/a)

> Frame <${site}/inner>
>
> **Inner** [B](${site}/b)
>
> > Frame <${site}/deeper>
> >
> > Deeper

Between

-   Item
    > Frame <${other}/other>
    >
    > Elsewhere
    >
    > Frame: [A](${other}/a) [C](${other}/c)

> Frame <about:srcdoc>
>
> Written

| viperframex0x |  |
| --- | --- |

End

> Frame <${site}/deeper>
>
> Deeper`;

Deno.test("markdown(), links() and scrape() read frames, too", async (t) => {
  await using agent = await startAgent();
  let other = "";
  await using site = serveSite({
    "/": () => new Response(PAGE(other), { headers: { "content-type": "text/html" } }),
    "/inner": `<b class="x">Inner</b> <a href="/b">B</a> <iframe src="/deeper"></iframe>`,
    "/deeper": "Deeper",
    "/other": `<p class="x">Elsewhere</p><p>Frame: <a href="/a">A</a> <a href="/c">C</a>`,
    "/hidden": `<i class="x">Hidden</i> <a href="/h">H</a>`,
    "/set": `<frameset cols="50%,50%"><frame src="/inner"><frame src="/deeper"></frameset>`,
  });
  other = site.url.replace("127.0.0.1", "localhost");
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  await t.step("as quotations in Markdown, at their places", async () => {
    const { markdown, length, truncated } = await client.markdown({});
    assert.equal(markdown.replaceAll(/\n +\n/g, "\n"), MARKDOWN(site.url, other));
    assert.deepEqual([length, truncated], [markdown.length, false]);
  });
  await t.step("of an element those in it, and no more than is asked for", async () => {
    const { markdown } = await client.markdown({ selector: "#box" });
    assert.equal(markdown, "> Frame <about:srcdoc>\n>\n> Written");
    const cut = await client.markdown({ max_length: 100 });
    assert.ok(cut.truncated && cut.markdown.length <= 100, cut.markdown);
    assert.doesNotMatch(cut.markdown, /viperframe/);
  });
  await t.step("of a frame set both", async () => {
    await client.navigate({ url: `${site.url}/set` });
    assert.match((await client.markdown({})).markdown, /> \*\*Inner\*\*[^]*\n> Deeper$/);
    await client.navigate({ url: `${site.url}/` });
  });
  await t.step("links behind the page's own", async () => {
    const urls = async (input: Parameters<typeof client.links>[0]) => {
      const { links, ...rest } = await client.links(input);
      return [links.map(({ url }) => url.replace(other, "O").replace(site.url, "S")), rest];
    };
    assert.deepEqual(await urls({}), [
      ["S/a", "S/b", "O/a", "O/c", "S/h"],
      { total: 5, truncated: false },
    ]);
    assert.deepEqual(await urls({ visible: true, limit: 2 }), [
      ["S/a", "S/b"],
      { total: 4, truncated: true },
    ]);
    assert.deepEqual(await urls({ selector: "#box" }), [[], { total: 0, truncated: false }]);
  });
  await t.step("elements with the frame that they are in", async () => {
    const { results: [found] } = await client.scrape({ selectors: [".x"] });
    assert.deepEqual(found?.elements.map(({ text, frame }) => [text, frame]), [
      ["Between", undefined],
      ["Inner", `${site.url}/inner`],
      ["Elsewhere", `${other}/other`],
      ["Hidden", `${site.url}/hidden`],
      ["Written", "about:srcdoc"],
    ]);
    assert.equal(found?.total, 5);
    const { results: [two] } = await client.scrape({ selectors: [".x"], limit: 2 });
    assert.deepEqual([two?.elements.length, two?.total], [2, 5]);
  });
});

/**
 * Goal: pages are printed as asked for, and what cannot be printed is refused.
 * Method: a table of calls through the typed client, against one real agent and Chrome; the PDFs'
 * pages and colours are looked at.
 */
import assert from "node:assert/strict";
import type { browserPdf } from "../../protocol/capture.ts";
import type { InputOf } from "../../protocol/operation.ts";
import { decodePdf } from "../pdf.ts";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { type Client, table } from "./agent_table.ts";

const PAGES = `<title>Three</title><style>
  body { margin: 0; background: rgb(1, 2, 3) } div { break-after: page; height: 50px }
  @page sized { size: 300px 400px } .own { page: sized }</style>
  <div>One</div><div>Two</div><p>Three</p>`;
const HEADER =
  `<p style="font-size: 10px; color: rgb(4, 5, 6)">Page <b class="pageNumber"></b></p>`;

type Options = InputOf<typeof browserPdf>;
type Expected = { pages: [number, number][]; background?: boolean; header?: boolean };

const LETTER: [number, number] = [612, 792];
const PRINTS: [title: string, options: Options, expected: Expected][] = [
  ["as letters", {}, { pages: [LETTER, LETTER, LETTER] }],
  ["as A4, lying", { format: "a4", landscape: true, page_ranges: "1" }, { pages: [[842, 596]] }],
  ["on paper of its own", { width: "200mm", height: "4in", page_ranges: "2" }, {
    pages: [[567, 288]],
  }],
  ["some pages", { page_ranges: "1, 3-9" }, { pages: [LETTER, LETTER] }],
  ["with its background", { print_background: true, page_ranges: "1" }, {
    pages: [LETTER],
    background: true,
  }],
  ["with a header", { header: HEADER, page_ranges: "1" }, { pages: [LETTER], header: true }],
  ["with a footer", { footer: HEADER, page_ranges: "1" }, { pages: [LETTER], header: true }],
  ["without room at its edges", {
    margin: { top: "0px", right: "0px", bottom: "0in", left: "0cm" },
    page_ranges: "1",
  }, { pages: [LETTER] }],
  ["half as large", { scale: 0.5, page_ranges: "3" }, { pages: [LETTER] }],
];

Deno.test("pdf() prints the page as asked for", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite({
    "/": PAGES,
    "/sized": PAGES.replaceAll("<div", "<div class=own"),
  });
  await agent.client.navigate({ url: `${site.url}/` });
  const printed = async (options: Options) => {
    const { data, byte_length } = await agent.client.pdf(options);
    const bytes = Uint8Array.fromBase64(data);
    assert.equal(bytes.length, byte_length);
    return decodePdf(bytes);
  };
  for (const [title, options, { pages, background = false, header = false }] of PRINTS) {
    await t.step(title, async () => {
      const document = await printed(options);
      assert.deepEqual(document.pages, pages);
      assert.equal(document.paints(1, 2, 3), background);
      assert.equal(document.paints(4, 5, 6), header);
    });
  }
  await t.step("as bytes", async () => {
    const response = await agent.signedFetch(`${agent.baseUrl}/v1/browser/pdf`, {
      method: "POST",
      headers: { accept: "application/pdf", "content-type": "application/json" },
      body: '{"format":"a5","page_ranges":"1"}',
    });
    assert.equal(response.headers.get("content-type"), "application/pdf");
    assert.equal(response.headers.get("vary"), "Accept");
    assert.deepEqual(decodePdf(await response.bytes()).pages, [[420, 596]]);
  });
  await t.step("in the size of its own style, when asked to", async () => {
    await agent.client.navigate({ url: `${site.url}/sized` });
    assert.deepEqual((await printed({ page_ranges: "1" })).pages, [LETTER]);
    const own = await printed({ page_ranges: "1", prefer_css_page_size: true });
    assert.deepEqual(own.pages, [[225, 300]]);
  });
});

/** Pictures that no two of are alike are as large on paper as on screen. */
const fillWithNoise = (c: Client) =>
  c.evaluate({
    expression: `(async () => {
      document.body.innerHTML = "";
      for (let n = 0; n < 4; n++) {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 2000;
        const context = canvas.getContext("2d");
        const noise = context.createImageData(2000, 2000);
        for (let at = 0; at < noise.data.length; at += 65536) {
          crypto.getRandomValues(noise.data.subarray(at, at + 65536));
        }
        for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
        context.putImageData(noise, 0, 0);
        document.body.append(canvas);
      }
    })()`,
  });

table("pdf() says what it cannot print", () => ({
  good: [],
  bad: [
    ["pages that there are not", (c) => c.pdf({ page_ranges: "900" }), "not_printable", /page/i],
    ["pages backwards", (c) => c.pdf({ page_ranges: "3-1" }), "not_printable", /range/i],
    [
      "edges that leave no room",
      (c) => c.pdf({ margin: { left: "9in" } }),
      ...[
        "not_printable" as const,
        /Cannot print the page: .*margin|invalid print/i,
      ] as const,
    ],
    ["no range", (c) => c.pdf({ page_ranges: "all" }), "invalid_request", /page_ranges/],
    ["no length", (c) => c.pdf({ width: "12", height: "1cm" }), "invalid_request", /width/],
    ["a width alone", (c) => c.pdf({ width: "12cm" }), "invalid_request", /a width and a height/],
    ["no format", (c) => c.pdf({ format: "b5" as never }), "invalid_request", /format/],
    ["a scale beyond Chrome's", (c) => c.pdf({ scale: 2.1 }), "invalid_request", /scale/],
    [
      "too many bytes",
      async (c) => {
        await fillWithNoise(c);
        return await c.pdf({ width: "20in", height: "90in" });
      },
      "result_too_large",
      /has at least \d{8} bytes/,
    ],
  ],
}));

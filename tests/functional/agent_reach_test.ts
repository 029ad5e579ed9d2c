/**
 * Goal: what a person would reach with the pointer an action reaches, too, wherever it scrolls,
 * however its frame is drawn and whatever lies over a part of the screen; and what nobody can
 * reach is told with its reason.
 * Method: a page for each case, on which a click of the button is told; a real agent and Chrome.
 */
import assert from "node:assert/strict";
import { ViperError } from "../../protocol/problems.ts";
import { serveSite, type Site, startAgent } from "./agent_fixture.ts";
import { looked } from "./looked.ts";

const TELL = `<style>body { margin: 0 }</style>
<script>addEventListener("message", ({ data }) => document.title = data)</script>`;
const BUTTON = `<button id="a" onclick="top.postMessage('clicked', '*')">Act</button>`;
const INNER = `<body style="margin: 0"><p style="height: 150px"></p><p style="margin-left: 90px">`;
const BAR = "left: 0; right: 0; z-index: 2; background: silver";

const REACHED: [title: string, body: string][] = [
  [
    "below the edge of a box that scrolls",
    `<div style="height: 100px; overflow: auto"><p style="height: 400px"></p>${BUTTON}</div>
     <div style="height: 400px; position: relative"></div>`,
  ],
  [
    "beside what a box without scroll bars shows",
    `<div style="width: 100px; overflow: hidden; white-space: nowrap">
     <b style="display: inline-block; width: 400px"></b>${BUTTON}</div>`,
  ],
  [
    "in a box over a veil",
    `<div style="position: fixed; inset: 0"></div><div style="position: fixed; top: 0; height: 90px;
     overflow: auto"><p style="height: 300px"></p>${BUTTON}<p style="height: 300px"></p></div>`,
  ],
  [
    "under a bar that stays on top",
    `<div style="position: sticky; top: 0; height: 100px; ${BAR}"></div>
     <p style="height: 500px"></p>${BUTTON}<p style="height: 3000px"></p>
     <script>scrollTo(0, 600)</script>`,
  ],
  [
    "where a bar hides more than half of the screen",
    `<div style="position: fixed; top: 0; height: 60%; ${BAR}"></div>
     <p style="height: 2000px"></p>${BUTTON}<p style="height: 3000px"></p>`,
  ],
  ["without a box of its own", `<p id="a" style="display: contents">${BUTTON}`],
  ["in a frame that is drawn smaller", frame("transform: scale(0.5); transform-origin: 0 0")],
  ["in a frame that is turned", frame("transform: rotate(20deg); margin: 100px")],
  ["in a frame that is zoomed", `<div style="zoom: 1.5">${frame("")}</div>`],
  ["in a frame in a frame, both drawn otherwise", frame("transform: scale(0.8)", "/nested")],
  ["in a smaller frame of another site", frame("transform: scale(0.6)", "OTHER/inner")],
  [
    "in a frame in a box that scrolls",
    `<div style="height: 100px; overflow: auto">
     <p style="height: 300px"></p>${frame("")}</div><div style="height: 400px"></div>`,
  ],
  [
    "in a frame of another site far down",
    `<p style="height: 3000px"></p>${frame("", "OTHER/inner")}`,
  ],
  [
    "in what moves as the page is scrolled, which it cannot be",
    `<style>@keyframes fade { to { color: red } }
     #p { animation: fade; animation-timeline: scroll() }</style><div id="p">${BUTTON}</div>`,
  ],
  ["far down in a tall frame", frame("height: 3000px", "/tall")],
];

const REFUSED: [title: string, body: string, reason: RegExp][] = [
  ["in a disabled button", `<button disabled><b id="a">x</b></button>`, /<button>.*is disabled$/],
  ["slotted into a disabled button", slotted(), /<button>, which is disabled$/],
  ["on the label of a disabled field", `<label id="a">x <input id="f" disabled></label>`, /"f">/],
  ["in a disabled set", `<fieldset disabled><button id="a">x</button></fieldset>`, /is disabled$/],
  ["in an inert part", `<div id="p" inert>${BUTTON}</div>`, /it is inert, as <div id="p"> is$/],
  [
    "behind a modal dialog",
    `${BUTTON}<dialog id=d>Hi</dialog><script>d.showModal()</script>`,
    /covered by <dialog id="d">$/,
  ],
  ["in a hidden frame", frame("display: none", "OTHER/inner"), /its frame is not visible/],
  ["under a veil", `${BUTTON}<div id="v" style="position: fixed; inset: 0"></div>`, /id="v">$/],
  [
    "through which clicks go",
    `<p>${BUTTON}<style>#a { pointer-events: none }</style>`,
    /lets clicks through to <p>$/,
  ],
];

function frame(style: string, src = "/inner"): string {
  return `<iframe style="width: 500px; height: 300px; border: 9px solid; ${style}" src="${src}">
    </iframe>`;
}

function slotted(): string {
  return `<x-b><b id="a">x</b></x-b><script>document.querySelector("x-b").attachShadow({
    mode: "open" }).innerHTML = "<button disabled><slot></slot></button>"</script>`;
}

Deno.test("click() reaches what the pointer can reach", async (t) => {
  await using agent = await startAgent();
  const { client } = agent;
  const site: Site = {
    "/inner": `${INNER}${BUTTON}`,
    "/nested": frame("transform: rotate(10deg) scale(0.7)", "/inner"),
    "/tall": `<body style="margin: 0"><p style="height: 2500px"></p>${BUTTON}`,
  };
  await using other = serveSite(site);
  const another = other.url.replace("127.0.0.1", "localhost");
  const pages = [...REACHED, ...REFUSED];
  pages.forEach(([, body], index) => site[`/${index}`] = TELL + body.replaceAll("OTHER", another));

  for (const [index, [title]] of REACHED.entries()) {
    await t.step(title, async () => {
      await client.navigate({ url: `${other.url}/${index}` });
      await client.click({ selector: "#a" });
      const told = { expression: "document.title === 'clicked'" };
      assert.deepEqual(await client.waitFunction(told), { result: true });
    });
  }
  for (const [index, [title, , reason]] of REFUSED.entries()) {
    await t.step(`${title}: element_not_actionable`, async () => {
      await client.navigate({ url: `${other.url}/${REACHED.length + index}` });
      const acted = looked((timeout_ms) => client.click({ selector: "#a", timeout_ms }));
      const error = await acted.then(() => assert.fail("it was clicked"), (error) => error);
      assert(error instanceof ViperError, String(error));
      assert.equal(error.code, "element_not_actionable", error.message);
      assert.match(error.message, reason);
    });
  }
  await t.step("a hidden frame's elements are waited for in vain", async () => {
    site["/hiding"] = frame("display: none", `${another}/inner`);
    await client.navigate({ url: `${other.url}/hiding` });
    await client.waitSelector({ selector: "#a", state: "attached" });
    await client.waitSelector({ selector: "#a", state: "hidden" });
    const seen = looked((timeout_ms) =>
      client.waitSelector({ selector: "#a", state: "visible", timeout_ms })
    );
    await assert.rejects(seen, { code: "timeout", message: /its frame is not shown$/ });
  });
  await t.step("scroll() scrolls in a frame of another site far down", async () => {
    site["/list"] = '<div id="a" style="height: 100px; overflow: auto"><p style="height: 900px">';
    site["/far"] = `<p style="height: 3000px"></p>${frame("", `${another}/list`)}`;
    await client.navigate({ url: `${other.url}/far` });
    assert.equal((await client.scroll({ selector: "#a", y: 70 })).y, 70);
  });
  await t.step("a picture of an element in a frame that is drawn smaller", async () => {
    site["/box"] = '<div id="a" style="width: 100px; height: 60px; background: blue">';
    site["/half"] = frame("transform: scale(0.5); transform-origin: 0 0", "/box");
    await client.navigate({ url: `${other.url}/half` });
    const { width, height } = await client.screenshot({ selector: "#a" });
    // On whole pixels, in which it begins and ends.
    assert.deepEqual([width, height].map((side) => Math.floor(side / 10)), [5, 3]);
  });
  await t.step("a position of an element that is larger than the screen", async () => {
    site["/large"] = `${TELL}<div id="a" style="width: 5000px; height: 5000px"
      onclick="postMessage(event.offsetX + ',' + event.offsetY)"></div>`;
    await client.navigate({ url: `${other.url}/large` });
    await client.click({ selector: "#a", position: { x: 4000, y: 60 } });
    await client.waitFunction({ expression: "document.title === '4000,60'" });
  });
});

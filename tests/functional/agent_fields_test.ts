/**
 * Goal: a field is found by its label or by a part of it, takes values as people write them, and
 * stays as it is when it cannot take one.
 * Method: a table of calls through the typed client on one page, against a real agent and Chrome;
 * each tells what the page has then.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { type Client, SHORT_MS } from "./agent_table.ts";
import { ViperError } from "../../protocol/problems.ts";

const PAGE = `<title>Fields</title>
<label><b>Email</b> <input id="email"></label><label for="country">Country</label>
<select id="country"><option>Chad</option><option>Peru</option>
<optgroup label="Others" disabled><option>Tuvalu</option></optgroup></select>
<label><i>Agree</i> <input id="agree" type="checkbox"></label>
<div id="loud" role="switch" aria-checked="false" tabindex="0"
  onclick="this.ariaChecked = 'true'"><span>Loud</span></div>
<label><u>Papers</u> <input id="papers" type="file" webkitdirectory></label>
<input id="number" type="number" value="5"><input id="date" type="date" value="2020-01-02">
<input id="color" type="color"><input id="at" type="datetime-local">
<input id="range" type="range" min="0" max="10" step="2" value="4">`;

const FILES = ["a.txt", "b.txt"].map((name) => ({ name, data: btoa(name) }));

type Row = [title: string, act: (c: Client) => Promise<unknown>, then: string, value: unknown];

const TAKEN: Row[] = [
  ["fill() by label", (c) => c.fill({ text: "Email", value: "a@b" }), "email.value", "a@b"],
  ["type() by label", (c) => c.type({ text: "Email", value: "a" }), "email.value", "a"],
  [
    "selectOption() by label",
    (c) => c.selectOption({ text: "Country", options: ["Peru"] }),
    "country.value",
    "Peru",
  ],
  ["check() by a part of the label", (c) => c.check({ text: "Agree" }), "agree.checked", true],
  ["check() by a part of a switch", (c) => c.check({ text: "Loud" }), "loud.ariaChecked", "true"],
  [
    "uploadFiles() for a folder, by label",
    (c) => c.uploadFiles({ text: "Papers", files: FILES }),
    "papers.files.length",
    2,
  ],
  [
    "fill() a colour in capitals",
    (c) => c.fill({ selector: "#color", value: "#FF00AA" }),
    "color.value",
    "#ff00aa",
  ],
  [
    "fill() a time after a space",
    (c) => c.fill({ selector: "#at", value: "2024-02-29 10:00" }),
    "at.value",
    "2024-02-29T10:00",
  ],
  [
    "fill() a number",
    (c) => c.fill({ selector: "#number", value: "-1.5" }),
    "number.value",
    "-1.5",
  ],
  ["fill() no number", (c) => c.fill({ selector: "#number", value: "" }), "number.value", ""],
];

const fill = (selector: string, value: string) => (c: Client) =>
  c.fill({ selector, value, timeout_ms: SHORT_MS });

const REFUSED: Row[] = [
  ["fill() a number with a word", fill("#number", "abc"), "number.value", "5"],
  ["fill() a date with a word", fill("#date", "tomorrow"), "date.value", "2020-01-02"],
  ["fill() a colour with a word", fill("#color", "reddish"), "color.value", "#000000"],
  ["fill() a range between its steps", fill("#range", "5"), "range.value", "4"],
  [
    "selectOption() of a disabled group",
    (c) => c.selectOption({ selector: "#country", options: ["Tuvalu"], timeout_ms: SHORT_MS }),
    "country.value",
    "Chad",
  ],
];

Deno.test("fields take what they can and keep what they have", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite({ "/": PAGE });
  const { client } = agent;
  const value = async (expression: string) => (await client.evaluate({ expression })).result;
  for (const [title, act, then, expected] of TAKEN) {
    await t.step(title, async () => {
      await client.navigate({ url: site.url });
      await act(client);
      assert.equal(await value(then), expected);
    });
  }
  for (const [title, act, then, expected] of REFUSED) {
    await t.step(`${title}: element_not_actionable`, async () => {
      await client.navigate({ url: site.url });
      const error = await act(client).then(() => assert.fail("it was taken"), (error) => error);
      assert(error instanceof ViperError, String(error));
      assert.equal(error.code, "element_not_actionable", error.message);
      assert.equal(await value(then), expected);
    });
  }
});

/** Goal: a page's lines say each thing once. Method: a table of trees and their lines. */
import assert from "node:assert/strict";
import { LINE_LENGTH_MAX, linesOf } from "../../../agent/actions/text_snapshot.ts";
import type { AccessibilityNode } from "../../../protocol/look.ts";

const text = (name: string): AccessibilityNode => ({ role: "StaticText", name });
const node = (
  role: string,
  name?: string,
  more: Partial<AccessibilityNode> = {},
): AccessibilityNode => ({ role, ...(name === undefined ? {} : { name }), ...more });
const around = (role: string, ...children: AccessibilityNode[]) => ({ role, children });

const LINES: [title: string, children: AccessibilityNode[], lines: string[]][] = [
  ["a text", [text("  a \n b ")], ['"a b"']],
  ["texts side by side", [text("a"), text("b"), text(", c")], ['"a b, c"']],
  ["no text that is empty", [text(" ")], []],
  ["a paragraph by its words", [around("paragraph", text("a"), node("link", "b"))], [
    '"a"',
    'link "b"',
  ]],
  [
    "a name once",
    [node("link", "Read more", { children: [text("Read"), around("emphasis", text("more"))] })],
    ['link "Read more"'],
  ],
  [
    "a part of a name again, where the page gives the name",
    [node("region", "The history of art", { children: [text("art")] })],
    ['region "The history of art"', ' "art"'],
  ],
  ["no icon of a font", [node("button", "\uf0f3 3+"), node("button", "\uf0e0"), text("\uf015")], [
    'button "3+"',
    "button",
  ]],
  ["brackets with what they hold", [text("see ("), node("link", "a"), text("sh"), text(")")], [
    '"see ("',
    'link "a"',
    '"sh)"',
  ]],
  ["a heading's level, and no item's", [
    node("heading", "a", { level: 2 }),
    node("listitem", "b", { level: 2 }),
  ], ['heading "a" level=2', 'listitem "b"']],
  ["no separator without a name", [node("separator"), node("separator", "or")], ['separator "or"']],
  ["a label once", [text("Card"), node("textbox", "Card")], ['textbox "Card"']],
  ["a label behind its box once", [node("checkbox", "Yes"), text("Yes")], ['checkbox "Yes"']],
  [
    "a date by its value, without the fields in it",
    [
      node("Date", "From", { children: [node("spinbutton", "Month Month", { value: 0 })] }),
      node("InputTime", "At", { value: "13:45", children: [node("button", "Show time picker")] }),
    ],
    ['date "From"', 'time "At": "13:45"'],
  ],
  [
    "a value once",
    [node("textbox", "Card", { value: "41 11", children: [text("41 11")] })],
    ['textbox "Card": "41 11"'],
  ],
  ["a reference first", [node("button", "OK", { ref: "e7" })], ['e7 button "OK"']],
  [
    "states",
    [
      node("checkbox", "a", { checked: true }),
      node("checkbox", "b", { checked: false, disabled: true }),
      node("checkbox", "c", { checked: "mixed" }),
      node("button", "d", { expanded: false, pressed: true }),
      node("textbox", "e", { required: true, invalid: true, focused: true, readonly: true }),
      node("heading", "f", { level: 2 }),
      node("option", "g", { selected: true }),
      node("slider", "h", { value: 5 }),
    ],
    [
      'checkbox "a" checked',
      'checkbox "b" unchecked disabled',
      'checkbox "c" mixed',
      'button "d" collapsed pressed',
      'textbox "e" readonly required invalid focused',
      'heading "f" level=2',
      'option "g" selected',
      'slider "h": "5"',
    ],
  ],
  [
    "what stands in what",
    [around("list", around("listitem", text("a"), node("link", "b")))],
    ["list", " listitem", '  "a"', '  link "b"'],
  ],
  ["a thin item by what is in it", [around("list", around("listitem", node("link", "b")))], [
    "list",
    ' link "b"',
  ]],
  [
    "a row of texts as one line",
    [around("row", node("cell", "a"), around("cell", text("b")), node("cell"))],
    ['row "a | b | "'],
  ],
  [
    "a row that holds more by its cells",
    [around("row", node("cell", "a"), node("cell", "x", { children: [node("button", "x")] }))],
    ["row", ' cell "a"', " cell", '  button "x"'],
  ],
  ["a picture with a name", [node("image", "Cat"), node("image")], ['image "Cat"']],
  ["an editor", [node("generic", undefined, { children: [text("rich")] })], [
    "generic",
    ' "rich"',
  ]],
  ["plain words for Chrome's own", [node("DisclosureTriangle", "More")], ['summary "More"']],
];

for (const [title, children, lines] of LINES) {
  Deno.test(`linesOf() tells ${title}`, () => {
    const told = linesOf({ role: "RootWebArea", name: "Title", children });
    assert.deepEqual(told.map(({ depth, text }) => " ".repeat(depth) + text), lines);
  });
}

Deno.test("linesOf() cuts a name that is too long, and says by how much", () => {
  const [line] = linesOf({ role: "root", children: [node("link", "x".repeat(5_000))] });
  assert.ok((line?.text.length ?? 0) <= LINE_LENGTH_MAX);
  assert.match(line?.text ?? "", /x… \(\+\d+\)$/);
});

Deno.test("linesOf() loses no word of a long text, whatever the page's title", () => {
  const words = Array.from({ length: 2_000 }, (_, n) => `"${n}" of`).join(" ");
  for (const long of [text(words), around("row", around("cell", text(words)))]) {
    const lines = linesOf({ role: "root", name: "Out of 7", children: [long] });
    assert.ok(lines.every(({ text }) => text.length <= LINE_LENGTH_MAX));
    const texts = lines.filter(({ text }) => text.startsWith('"'));
    assert.equal(texts.map(({ text }) => text.slice(1, -1)).join(" "), words);
  }
});

Deno.test("linesOf() loses nothing of a link whose name is cut, and none of very many texts", () => {
  const pieces = Array.from({ length: 100_000 }, (_, at) => `piece ${at}`);
  const whole = pieces.join(" ");
  const link = node("link", whole, { children: pieces.map((piece) => text(piece)) });
  const [first, ...rest] = linesOf({ role: "root", children: [link] });
  assert.match(first?.text ?? "", /^link "piece 0 piece 1 .*… \(\+\d+\)$/);
  assert.equal(rest.map(({ text }) => text.slice(1, -1)).join(" "), whole);
});

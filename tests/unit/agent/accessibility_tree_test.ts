/** Goal: what says nothing is folded away, and limits hold. Method: trees as Chrome lists them. */
import assert from "node:assert/strict";
import type { Protocol } from "puppeteer-core";
import fc from "fast-check";
import { DEPTH_MAX, foldTree } from "../../../agent/actions/accessibility_tree.ts";
import type { AccessibilityNode } from "../../../protocol/look.ts";

type AxNode = Protocol.Accessibility.AXNode;
interface Sketch {
  role: string;
  name?: string;
  ignored?: boolean;
  properties?: Record<string, unknown>;
  children?: Sketch[];
}

/** Chrome's flat list of a sketched tree. */
function listed(sketch: Sketch): AxNode[] {
  const nodes: AxNode[] = [];
  const list = (sketch: Sketch, parentId?: string): string => {
    const nodeId = String(nodes.length + 1);
    const node = {
      nodeId,
      ignored: sketch.ignored ?? false,
      role: { type: "role", value: sketch.role },
      name: { type: "computedString", value: sketch.name ?? "" },
      properties: Object.entries(sketch.properties ?? {}).map(([name, value]) => ({
        name,
        value: { type: "string", value },
      })),
      ...(parentId === undefined ? {} : { parentId }),
    } as AxNode;
    nodes.push(node);
    node.childIds = (sketch.children ?? []).map((child) => list(child, nodeId));
    return nodeId;
  };
  list(sketch);
  return nodes;
}

const flat = (node: AccessibilityNode): AccessibilityNode[] => [
  node,
  ...(node.children ?? []).flatMap(flat),
];
const text = (name: string): Sketch => ({
  role: "StaticText",
  name,
  children: [{ role: "InlineTextBox", name }],
});

const FOLDED: [title: string, sketch: Sketch, root: AccessibilityNode][] = [
  [
    "wrappers",
    { role: "generic", children: [{ role: "none", children: [text("a"), text("b")] }] },
    {
      role: "root",
      children: [{ role: "StaticText", name: "a" }, { role: "StaticText", name: "b" }],
    },
  ],
  [
    "ignored nodes of any role",
    { role: "button", ignored: true, children: [text("a")] },
    { role: "root", children: [{ role: "StaticText", name: "a" }] },
  ],
  [
    "no wrapper with a name",
    { role: "generic", name: "g" },
    { role: "root", children: [{ role: "generic", name: "g" }] },
  ],
  [
    "text that repeats its parent",
    { role: "button", name: "OK", children: [text("OK")] },
    { role: "root", children: [{ role: "button", name: "OK" }] },
  ],
  [
    "no text that holds more",
    {
      role: "button",
      name: "OK",
      children: [{ role: "StaticText", name: "OK", children: [{ role: "generic", name: "b" }] }],
    },
    {
      role: "root",
      children: [{
        role: "button",
        name: "OK",
        children: [{
          role: "StaticText",
          name: "OK",
          children: [{ role: "generic", name: "b" }],
        }],
      }],
    },
  ],
  [
    "no text that says more",
    { role: "button", name: "OK", children: [text("O")] },
    {
      role: "root",
      children: [{ role: "button", name: "OK", children: [{ role: "StaticText", name: "O" }] }],
    },
  ],
  [
    "no states",
    {
      role: "checkbox",
      properties: { checked: "mixed", disabled: true, focused: false, expanded: false, level: 2 },
    },
    {
      role: "root",
      children: [{ role: "checkbox", checked: "mixed", disabled: true, expanded: false, level: 2 }],
    },
  ],
];
for (const [title, sketch, root] of FOLDED) {
  Deno.test(`foldTree() folds ${title}`, () => {
    const folded = foldTree({ nodes: listed({ role: "root", children: [sketch] }) }, 100);
    assert.deepEqual(folded, { root, node_count: flat(root).length, truncated: false });
  });
}

Deno.test("foldTree() counts what it gives, and gives no more than it may", () => {
  const node = {
    role: fc.constantFrom("generic", "list", "StaticText", "InlineTextBox", "button"),
    name: fc.constantFrom("", "a", "b"),
    ignored: fc.boolean(),
  };
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record(node),
      fc.record({ ...node, children: fc.array(tie("tree"), { maxLength: 4 }) }),
    ),
  }));
  fc.assert(fc.property(tree, fc.integer({ min: 1, max: 20 }), (sketch, nodesMax) => {
    const nodes = listed({ role: "root", children: [sketch as Sketch] });
    const { root, node_count, truncated } = foldTree({ nodes }, nodesMax);
    assert.equal(node_count, flat(root).length);
    assert(node_count <= nodesMax);
    if (!truncated) {
      assert.deepEqual(foldTree({ nodes }, nodesMax + 1), { root, node_count, truncated });
    }
  }));
});

Deno.test("foldTree() cuts a tree that is too deep", () => {
  let sketch: Sketch = text("end");
  for (let depth = 0; depth < DEPTH_MAX + 5; depth++) sketch = { role: "list", children: [sketch] };

  const { root, truncated } = foldTree({ nodes: listed(sketch) }, 100_000);

  assert.equal(truncated, true);
  assert.equal(flat(root).length, DEPTH_MAX + 1);
});

Deno.test("foldTree() makes a tree of nothing", () => {
  assert.deepEqual(foldTree({ nodes: [] }, 10), {
    root: { role: "none" },
    node_count: 1,
    truncated: false,
  });
});

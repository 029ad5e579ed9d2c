/// <reference lib="dom" />
/** An element's own members. It is for reading: what the DOM takes are elements. */
export type Plain<T extends Node> = Omit<T, "ownerDocument">;

/**
 * Runs in the page: the element by its own members alone. In place of a form's member stands a
 * field of that name, and of a frame set's a frame, in our world as in the page's: a form with
 * `<input name="children">` has no `children` but by the way of its prototype.
 *
 * Functions for a page may call it: it is sent along with each.
 * Source: https://webidl.spec.whatwg.org/#LegacyOverrideBuiltIns
 */
export function plain<T extends Node>(node: T): Plain<T> {
  if (!(node instanceof HTMLFormElement || node instanceof HTMLFrameSetElement)) return node;
  const members = Object.getPrototypeOf(node);
  return new Proxy(node, {
    get(_, name) {
      const member = Reflect.get(members, name, node);
      return typeof member === "function" ? member.bind(node) : member;
    },
    set: (_, name, value) => Reflect.set(members, name, value, node),
  });
}

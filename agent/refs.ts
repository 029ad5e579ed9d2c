/** Short names of elements, such as e12, that snapshots give and actions take. */

/** Names that a page keeps; beyond, the oldest are forgotten. */
export const REFS_MAX = 200_000;

/** Where DevTools find a node: ids of nodes are unique within a renderer only. */
export interface NodePlace {
  /** The frame that holds it. */
  readonly frameId: string;
  /** The DevTools session that its frame answers to. */
  readonly sessionId: string;
  readonly backendNodeId: number;
}

/** The names that one page's elements have; a node keeps its name as long as it lives. */
export class Refs {
  readonly #names = new Map<string, string>();
  readonly #places = new Map<string, NodePlace>();
  #last = 0;

  constructor(readonly countMax = REFS_MAX) {}

  /** The node's name; a new one when it has none. */
  nameOf(place: NodePlace): string {
    const key = keyOf(place);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `e${++this.#last}`;
    this.#names.set(key, name);
    this.#places.set(name, place);
    if (this.#places.size > this.countMax) this.#forgetOldest();
    return name;
  }

  /** Where the named node is, or was. */
  placeOf(name: string): NodePlace | undefined {
    return this.#places.get(name);
  }

  #forgetOldest(): void {
    const [oldest] = this.#places;
    if (oldest === undefined) return;
    const [name, place] = oldest;
    this.#places.delete(name);
    this.#names.delete(keyOf(place));
  }
}

function keyOf({ sessionId, backendNodeId }: NodePlace): string {
  return `${sessionId}/${backendNodeId}`;
}

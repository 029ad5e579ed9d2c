/**
 * Libraries that run inside pages, as text: a page has the DOM that they are made for, and what a
 * hostile page makes of them costs no one but itself. They are read when they are first needed.
 *
 * @module
 */

/** What functions in a page find of libraries. */
export interface PageLibraries {
  /** https://github.com/mixmark-io/turndown */
  readonly turndown: unknown;
  /** Tables, struck text and task lists of GitHub's Markdown. */
  readonly gfm: unknown;
  /** https://github.com/mozilla/readability */
  readonly readability: unknown;
}

/** More functions for the page, by the names under which they are given. */
type Functions = Readonly<Record<string, (...args: never) => unknown>>;

/**
 * A function for the page that is given the libraries before its other arguments, and functions of
 * ours, which stand by themselves, beside them.
 */
export async function withLibraries<
  More extends Functions,
  Args extends readonly unknown[],
  Result,
>(
  fn: (libraries: PageLibraries & More, ...args: Args) => Result,
  more: More,
): Promise<(...args: Args) => Result> {
  const own = Object.entries(more).map(([name, fn]) => `${name}: ${fn}`);
  const source = `(...args) => (${fn})({ ${[...own, await libraries()]} }, ...args)`;
  const inPage = () => {
    throw new TypeError("Cannot call a page's function outside the page");
  };
  // Functions reach a page as their text.
  return Object.assign(inPage, { toString: () => source });
}

async function libraries(): Promise<string> {
  const [turndown, gfm, readability] = await Promise.all([
    import("turndown/lib/turndown.browser.cjs.js", { with: { type: "text" } }),
    import("@joplin/turndown-plugin-gfm/lib/turndown-plugin-gfm.cjs.js", {
      with: { type: "text" },
    }),
    import("@mozilla/readability/Readability.js", { with: { type: "text" } }),
  ]);
  return `turndown: ${asModule(turndown.default)}, gfm: ${asModule(gfm.default)},
    readability: ${asModule(readability.default)}`;
}

/** An expression for what a CommonJS module exports. */
function asModule(source: string): string {
  return `((module) => { ((module, exports) => {\n${source}\n})(module, module.exports);
    return module.exports; })({ exports: {} })`;
}

/** Goal: of mocks, the last that fits is used, as often as it says. Method: a table, and a model. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { matcherOf, Mocks } from "../../../../agent/emulation/mocks.ts";
import { type MockRule, MOCKS_MAX } from "../../../../protocol/mocks.ts";

const rule = (url: string, more: Partial<MockRule> = {}): MockRule => ({
  ...{ url, then: "answer", headers: {}, encoding: "text" },
  ...more,
});

const PATTERNS: readonly [pattern: string, url: string, fits: boolean][] = [
  ["*", "https://a.test/", true],
  ["https://a.test/", "https://a.test/", true],
  ["https://a.test/", "https://a.test/b", false],
  ["*/b", "https://a.test/a/b", true],
  ["*/b", "https://a.test/b?c", false],
  ["*/b\\?c", "https://a.test/b?c", true],
  ["*/b\\?c", "https://a.test/bxc", false],
  ["*/b?c", "https://a.test/bxc", true],
  ["*/b?", "https://a.test/b", false],
  ["*/\\*", "https://a.test/*", true],
  ["*/\\*", "https://a.test/x", false],
  ["*a.test*", "https://aXtest/", false],
  ["*(b)+[c]$", "https://a.test/(b)+[c]$", true],
  ["", "https://a.test/", false],
];
for (const [pattern, url, fits] of PATTERNS) {
  Deno.test(`the pattern "${pattern}" ${fits ? "fits" : "does not fit"} ${url}`, () => {
    const mocks = new Mocks();
    mocks.add(rule(pattern), undefined, "mock");
    assert.equal(mocks.use(undefined, url, "GET") !== undefined, fits);
  });
}

Deno.test("matcherOf() says what a regular expression says", () => {
  const text = (signs: string) =>
    fc.array(fc.constantFrom(...signs), { maxLength: 8 }).map((all) => all.join(""));
  fc.assert(fc.property(text("ab*?"), text("ab"), (pattern, url) => {
    const source = pattern.replaceAll("?", ".").replaceAll("*", ".*");
    assert.equal(matcherOf(pattern)(url), new RegExp(`^${source}$`).test(url));
  }));
});

Deno.test("matcherOf() ends for a long URL that nearly fits", () => {
  const url = `https://a/${"/api/x/items/y".repeat(5_000)}`;
  assert.equal(matcherOf("*/api/*/items/*.json")(url), false);
});

Deno.test("add() refuses one mock more than there may be, and takes one when one is gone", () => {
  const mocks = new Mocks();
  for (let count = 0; count < MOCKS_MAX; count++) mocks.add(rule("*"), undefined, "mock");
  assert.throws(() => mocks.add(rule("*"), undefined, "mock"), { code: "mock_limit_reached" });
  assert.equal(mocks.remove(({ id }) => id === 1), 1);
  mocks.add(rule("*"), undefined, "mock");
});

Deno.test("use() takes the last of the page's mocks that has uses left", () => {
  const given = fc.record({
    page: fc.constantFrom(undefined, "A", "B"),
    method: fc.constantFrom(undefined, "GET", "POST"),
    times: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  });
  const asked = fc.record({
    page: fc.constantFrom("A", "B"),
    method: fc.constantFrom("GET", "PUT"),
  });
  fc.assert(
    fc.property(fc.array(given, { maxLength: 6 }), fc.array(asked), (all, requests) => {
      const mocks = new Mocks();
      const model = all.map(({ page, method, times }) => {
        const optional = { ...(method && { method }), ...(times && { times }) };
        const id = mocks.add(rule("*", { ...optional, body: "" }), page, "mock");
        return { id, page, method, left: times ?? Infinity };
      });
      for (const { page, method } of requests) {
        const expected = model.findLast((mock) =>
          mock.left > 0 && (mock.page ?? page) === page && (mock.method ?? method) === method
        );
        if (expected !== undefined) expected.left--;
        const before = mocks.list().find(({ id }) => id === expected?.id)?.rule;
        assert.equal(mocks.use(page, "https://a.test/", method), before);
      }
      const left = model.filter(({ left }) => left > 0).map(({ id }) => id);
      assert.deepEqual(mocks.list().map(({ id }) => id), left);
    }),
  );
});

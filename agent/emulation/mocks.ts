/** Which requests are not left to the network. */
import { type MockRule, MOCKS_MAX } from "../../protocol/mocks.ts";
import { ViperError } from "../../protocol/problems.ts";

/** A mock, and how far it is used. */
export interface Mock {
  readonly id: number;
  readonly pageId: string | undefined;
  readonly rule: MockRule;
  readonly matches: (url: string) => boolean;
  used: number;
}

/** All mocks, of which those for all pages outlive a Chrome. */
export class Mocks {
  #all: Mock[] = [];
  #lastId = 0;

  list(): readonly Mock[] {
    return this.#all;
  }

  /** Those that the requests of a page may meet, or of what belongs to no page. */
  of(pageId: string | undefined): readonly Mock[] {
    return this.#all.filter((mock) => mock.pageId === undefined || mock.pageId === pageId);
  }

  /** @throws {ViperError} `mock_limit_reached` */
  add(rule: MockRule, pageId: string | undefined, action: string): number {
    if (this.#all.length >= MOCKS_MAX) {
      throw new ViperError("mock_limit_reached", `Cannot ${action}: there are ${MOCKS_MAX} mocks`);
    }
    const id = ++this.#lastId;
    this.#all.push({ id, pageId, rule, matches: matcherOf(rule.url), used: 0 });
    return id;
  }

  /** Deletes those that fit; returns how many. */
  remove(fits: (mock: Mock) => boolean): number {
    const before = this.#all.length;
    this.#all = this.#all.filter((mock) => !fits(mock));
    return before - this.#all.length;
  }

  /** The last mock that fits, which counts as used then. */
  use(pageId: string | undefined, url: string, method: string): MockRule | undefined {
    const mock = this.of(pageId).findLast(({ rule, matches }) =>
      (rule.method === undefined || rule.method === method) && matches(url)
    );
    if (mock === undefined) return undefined;
    mock.used++;
    if (mock.used === mock.rule.times) this.remove((other) => other === mock);
    return mock.rule;
  }
}

/**
 * As DevTools read patterns: `*` any characters, `?` one, and a backslash before either itself. No
 * regular expression, which a page could keep busy for days with a long URL that nearly fits.
 */
export function matcherOf(pattern: string): (url: string) => boolean {
  const signs = pattern.match(/\\?[\s\S]/g) ?? [];
  const isOne = (sign: string | undefined, unit: string | undefined) =>
    sign === "?" || (sign !== "*" && sign?.slice(-1) === unit);
  return (url) => {
    let [next, at] = [0, 0];
    // What follows a star is looked for at one place after another; earlier stars never move again.
    let [star, tried] = [-1, 0];
    while (at < url.length) {
      if (isOne(signs[next], url[at])) [next, at] = [next + 1, at + 1];
      else if (signs[next] === "*") [star, next, tried] = [next, next + 1, at];
      else if (star >= 0) [next, at] = [star + 1, ++tried];
      else return false;
    }
    return signs.slice(next).every((sign) => sign === "*");
  };
}

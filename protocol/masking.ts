/**
 * Secrets taken out of lines before anybody stores or sends them: values of headers that hold
 * them, bearer tokens, query strings and what stands before the host of a URL. When in doubt more
 * is taken out than is needed. Guests choose their lines: no pattern looks at a line anew from each
 * of its places.
 *
 * @module
 */

/** What stands where a secret stood. */
export const MASK = "***";

const HEADER = "(?:set-cookie2?|cookie|proxy-authorization|authorization|x-viper-[a-z0-9-]{1,64})";
const HEADER_NAME = new RegExp(`^${HEADER}$`, "i");
/** Name and value as a header, a member or a pair; quotes may be escaped by what is around them. */
const HEADER_VALUE = new RegExp(
  String.raw`\b(${HEADER}(?:\\*["'])?\s*(?:[:=]|,(?:\s*\\*["']value\\*["']\s*:)?)\s*)` +
    String.raw`(?:(\\*["']).*?\2|.*)`,
  "gi",
);
const BEARER = /\b(bearer\s+)[\w.~+/=-]+/gi;
const URL_AFTER_SCHEME = /([a-z0-9+.-]:(?:\\?\/){2})((?:\\\/|[^\s"'<>\\])*)/gi;
/** What may be a path with a query, such as in the first line of a request. */
const WORD = /[^\s"'<>\\]+/g;

/** The line without secrets; one that is a JSON object stays one. */
export function maskLine(line: string): string {
  if (line.startsWith("{")) {
    const value = parsed(line);
    if (value !== undefined) return JSON.stringify(value, maskMember);
  }
  return maskText(line);
}

function maskText(text: string): string {
  return text
    .replace(HEADER_VALUE, (_all, name, quote = "") => `${name}${quote}${MASK}${quote}`)
    .replace(BEARER, `$1${MASK}`)
    .replace(URL_AFTER_SCHEME, (_all, scheme, rest) => scheme + maskAfterScheme(rest))
    .replace(WORD, maskQuery);
}

/** `user:password@host/path?query#fragment`: a fragment can hold a token as a query can. */
function maskAfterScheme(rest: string): string {
  const [, authority = "", tail = ""] = /^([^/?#\\]*)(.*)$/s.exec(rest) ?? [];
  const at = authority.lastIndexOf("@");
  const host = at < 0 ? authority : `${MASK}@${authority.slice(at + 1)}`;
  return host + tail.replace(/([?#]).+$/s, `$1${MASK}`);
}

function maskQuery(word: string): string {
  const slash = word.indexOf("/");
  const at = slash < 0 ? -1 : word.indexOf("?", slash);
  return at < 0 || at === word.length - 1 ? word : `${word.slice(0, at + 1)}${MASK}`;
}

function maskMember(key: string, value: unknown): unknown {
  if (HEADER_NAME.test(key)) return MASK;
  return typeof value === "string" ? maskText(value) : value;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

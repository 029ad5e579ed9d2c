/// <reference lib="dom" />
/**
 * Functions that run inside the page: each is sent as text, so it stands by itself and uses
 * nothing but its arguments and the page's globals.
 *
 * @module
 */

/** What looking for an element came to. */
export type Look<T> =
  | { readonly state: "found"; readonly value: T }
  | { readonly state: "absent" }
  | { readonly state: "invalid"; readonly reason: string }
  /** It is there, but what is asked cannot be done now; `reason` begins with "it". */
  | {
    readonly state: "blocked";
    readonly reason: string;
    /** Whether it may be otherwise once the page is scrolled. */
    readonly isOutOfReach?: boolean;
  };

/** A place in the viewport, in CSS pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A script's result as JSON text, or why it is none. */
export type Json =
  | { readonly json: string }
  | { readonly reason: string }
  | { readonly tooLong: number };

/**
 * Called on a script's result. What JSON would silently change or drop (NaN, functions, maps,
 * nodes, cycles) is refused by name; undefined becomes null, and dates their text.
 */
export function toJson(this: unknown, lengthMax: number): Json {
  const refuse = (key: string, what: string): never => {
    throw new TypeError(key === "" ? `it is ${what}` : `its member "${key}" is ${what}`);
  };
  const check = (key: string, value: unknown): unknown => {
    if (typeof value === "number" && !Number.isFinite(value)) refuse(key, String(value));
    if (["bigint", "function", "symbol"].includes(typeof value)) refuse(key, `a ${typeof value}`);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
    if (!["Object", "String", "Number", "Boolean"].includes(kind)) refuse(key, `a ${kind}`);
    return value;
  };
  try {
    const json = JSON.stringify(this, check) ?? "null";
    return json.length <= lengthMax ? { json } : { tooLong: json.length };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

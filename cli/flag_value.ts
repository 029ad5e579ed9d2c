/** Values of flags and arguments: as they are typed, and what they mean. */
import { InvalidArgumentError } from "commander";
import { TARGET_MARK } from "../protocol/target.ts";
import { CliError } from "./context.ts";
import { parseTarget } from "./target_argument.ts";

/** A JSON schema as far as flags need it. */
export interface Property {
  readonly type?: string;
  /** Words, or a list. */
  readonly anyOf?: readonly Property[];
  readonly enum?: readonly string[];
  /** Of an object. */
  readonly properties?: Readonly<Record<string, Property>>;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Names an element. */
  readonly [TARGET_MARK]?: boolean;
}

/** Commander takes `null` for an option that has no value yet. */
const NULL = Symbol("null");

/** A file that holds the value, so that a secret in it stands on no command line. */
class FileValue {
  constructor(readonly path: string, readonly property: Property) {}
}

/**
 * A value as it is typed: a number, `key=value,…` or JSON for an object, `a,b` or JSON for a list,
 * `@file` for either, and `null` where a member may be taken back. What comes back is for
 * {@linkcode settle}.
 *
 * @throws {InvalidArgumentError}
 */
export function parseValue(text: string, property: Property): unknown {
  const { type, anyOf = [], properties = {} } = property;
  const given = anyOf.filter(({ type }) => type !== "null");
  if (given.length < anyOf.length) {
    if (text === "null") return NULL;
    return parseValue(text, given.length === 1 ? given[0] ?? {} : { anyOf: given });
  }
  if (type === "integer" || type === "number") return parseNumber(text);
  if (text.startsWith("@") && (type === "object" || type === "array")) {
    return new FileValue(text.slice(1), property);
  }
  if (type === "object") {
    return text.startsWith("{") ? parseJson(text) : parsePairs(text, properties);
  }
  if (type === "array") return text.startsWith("[") ? parseJson(text) : text.split(",");
  const object = anyOf.find((choice) => choice.type === "object");
  if (object !== undefined) {
    const names = Object.keys(object.properties ?? {});
    const isPairs = names.some((name) => text.startsWith(`${name}=`));
    return isPairs || text.startsWith("{") ? parseValue(text, object) : text;
  }
  const isWord = anyOf.some((choice) => choice.enum?.includes(text));
  return anyOf.length > 0 && !isWord ? text.split(",") : text;
}

/** An element beside the first, such as the end of a drag: typed like that one, or as an object. */
export function parseElement(text: string, property: Property): unknown {
  return /^[{@]/.test(text) ? parseValue(text, property) : parseTarget(text);
}

/**
 * What a parsed value stands for.
 *
 * @throws {CliError} when it is a file that cannot be read or holds no value
 */
export async function settle(
  value: unknown,
  readText: (path: string) => Promise<string>,
): Promise<unknown> {
  if (value === NULL) return null;
  if (!(value instanceof FileValue)) return value;
  const { path, property } = value;
  try {
    return parseValue((await readText(path)).trim(), property);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`Cannot take a value from "${path}": ${reason}`, 2, { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("It begins like JSON and is none.");
  }
}

function parsePairs(
  text: string,
  properties: Readonly<Record<string, Property>>,
): Record<string, unknown> {
  const pairs = text.split(",").filter(Boolean).map((pair) => {
    const at = pair.indexOf("=");
    const name = pair.slice(0, at);
    if (at > 0) return [name, parseValue(pair.slice(at + 1), properties[name] ?? {})] as const;
    throw new InvalidArgumentError("It is neither key=value,… nor a JSON object.");
  });
  return Object.fromEntries(pairs);
}

function parseNumber(text: string): number {
  const number = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new InvalidArgumentError("It is not a number.");
}

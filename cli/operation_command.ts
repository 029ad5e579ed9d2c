/**
 * Commands out of operations: members of the input that have to be there become arguments, the
 * others flags, and the answer is printed as JSON or for people.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import * as z from "zod";
import type { Operation } from "../protocol/operation.ts";
import { TARGET_MARK, targetFields } from "../protocol/target.ts";
import { printable } from "./output.ts";
import { parseTarget, TARGET_HELP } from "./target_argument.ts";

/** A JSON schema as far as flags need it. */
interface Property {
  readonly type?: string;
  /** Words, or a list. */
  readonly anyOf?: readonly Property[];
  readonly enum?: readonly string[];
  /** Of an object. */
  readonly properties?: Readonly<Record<string, Property>>;
  readonly description?: string;
  readonly default?: unknown;
}

/** Flags whose names are shorter than the members they set. */
const FLAG_NAMES: Readonly<Record<string, string>> = { cpu_cores: "cpu", memory_mb: "memory" };

/** Settings of {@linkcode operationCommand}. */
export interface OperationCommandOptions {
  readonly verb: string;
  readonly operation: Operation;
  /** Stands before the operation's own arguments, such as the VM of a browser operation. */
  readonly argument?: string;
  readonly call: (input: Record<string, unknown>, argument: string) => Promise<unknown>;
  readonly print: (text: string) => void;
}

/** Makes the command of one operation. */
export function operationCommand(options: OperationCommandOptions): Command {
  const { verb, operation, argument, call, print } = options;
  const command = new Command(verb).description(operation.summary);
  const { properties, required, isTargeted } = inputSchema(operation);
  const leading = [argument ?? [], isTargeted ? TARGET : []].flat();
  const names = [...leading, ...required];
  for (const name of names) {
    const property = properties[name] ?? {};
    const help = name === TARGET ? TARGET_HELP : "";
    command.argument(`<${name}>`, help, (text: string) => parseValue(text, property));
  }
  const flags = Object.entries(properties).filter(([name]) => !required.includes(name));
  for (const [name, property] of flags) addFlag(command, name, property);
  command.option("--json", "print the answer as JSON");
  command.action(async () => {
    const given = command.opts<Record<string, unknown>>();
    const values = command.processedArgs as unknown[];
    const input: Record<string, unknown> = isTargeted
      ? parseTarget(String(values[leading.length - 1]))
      : {};
    required.forEach((name, at) => input[name] = values[at + names.length - required.length]);
    for (const [name] of flags) {
      const value = given[camelCase(flagName(name))];
      if (value !== undefined) input[name] = value === NULL ? null : value;
    }
    const first = String(values[0] ?? "");
    print(printable(await call(input, first), given["json"] === true));
  });
  return command;
}

/** What an element is named by stands before the operation's own arguments. */
const TARGET = "target";

/** Commander takes `null` for an option that has no value yet. */
const NULL = Symbol("null");

/** Members of the input, those of them that have to be there, and whether it names an element. */
function inputSchema(
  operation: Operation,
): { properties: Record<string, Property>; required: string[]; isTargeted: boolean } {
  const schema = z.toJSONSchema(operation.input, { io: "input" }) as {
    properties?: Record<string, Property>;
    required?: string[];
    [TARGET_MARK]?: boolean;
  };
  const isTargeted = schema[TARGET_MARK] === true;
  const members = Object.entries(schema.properties ?? {})
    .filter(([name]) => !isTargeted || !(name in targetFields));
  return {
    properties: Object.fromEntries(members),
    required: schema.required ?? [],
    isTargeted,
  };
}

function addFlag(command: Command, name: string, property: Property): void {
  const flag = `--${flagName(name)}`;
  const hint = [
    property.description ?? name.replaceAll("_", " "),
    property.enum === undefined ? "" : `(${property.enum.join(", ")})`,
    property.default === undefined ? "" : `[${defaultText(property.default)}]`,
  ].filter(Boolean).join(" ");
  if (property.type === "boolean") {
    command.option(flag, hint);
    if (property.default === true) command.option(flag.replace("--", "--no-"), `not: ${hint}`);
    return;
  }
  command.option(`${flag} <value>`, hint, (text) => parseValue(text, property));
}

/**
 * A value as it is typed: a number, `key=value,…` or JSON for an object, `a,b` for a list, and
 * `null` where a member may be taken back.
 */
function parseValue(text: string, property: Property): unknown {
  const { type, anyOf = [], properties = {} } = property;
  const given = anyOf.filter(({ type }) => type !== "null");
  if (given.length < anyOf.length) {
    if (text === "null") return NULL;
    return parseValue(text, given.length === 1 ? given[0] ?? {} : { anyOf: given });
  }
  if (type === "integer" || type === "number") return parseNumber(text);
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

function defaultText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function flagName(name: string): string {
  return FLAG_NAMES[name] ?? name.replaceAll("_", "-");
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

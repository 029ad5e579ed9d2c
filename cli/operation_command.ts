/**
 * Commands out of operations: members of the input that have to be there become arguments, the
 * others flags, and the answer is printed as JSON or for people.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import * as z from "zod";
import type { Operation } from "../protocol/operation.ts";
import { printable } from "./output.ts";

/** A JSON schema as far as flags need it. */
interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
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
  const { properties, required } = inputSchema(operation);
  const names = [...(argument === undefined ? [] : [argument]), ...required];
  for (const name of names) command.argument(`<${name}>`);
  const flags = Object.entries(properties).filter(([name]) => !required.includes(name));
  for (const [name, property] of flags) addFlag(command, name, property);
  command.option("--json", "print the answer as JSON");
  command.action(async () => {
    const given = command.opts<Record<string, unknown>>();
    const values = command.args;
    const input: Record<string, unknown> = {};
    required.forEach((name, at) => input[name] = values[at + names.length - required.length]);
    for (const [name] of flags) {
      const value = given[camelCase(flagName(name))];
      if (value !== undefined) input[name] = value;
    }
    print(printable(await call(input, values[0] ?? ""), given["json"] === true));
  });
  return command;
}

/** Members of the input and those of them that have to be there, in their order. */
function inputSchema(
  operation: Operation,
): { properties: Record<string, Property>; required: string[] } {
  const schema = z.toJSONSchema(operation.input, { io: "input" }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return { properties: schema.properties ?? {}, required: schema.required ?? [] };
}

function addFlag(command: Command, name: string, property: Property): void {
  const flag = `--${flagName(name)}`;
  const hint = [
    property.description ?? name.replaceAll("_", " "),
    property.enum === undefined ? "" : `(${property.enum.join(", ")})`,
    property.default === undefined ? "" : `[${String(property.default)}]`,
  ].filter(Boolean).join(" ");
  if (property.type === "boolean") {
    command.option(flag, hint);
    if (property.default === true) command.option(flag.replace("--", "--no-"), `not: ${hint}`);
    return;
  }
  const isNumber = property.type === "integer" || property.type === "number";
  const parse = (text: string) => isNumber ? parseNumber(text) : text;
  command.option(`${flag} <value>`, hint, parse);
}

function parseNumber(text: string): number {
  const number = text.trim() === "" ? NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new InvalidArgumentError("It is not a number.");
}

function flagName(name: string): string {
  return FLAG_NAMES[name] ?? name.replaceAll("_", "-");
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

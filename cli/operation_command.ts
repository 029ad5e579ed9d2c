/**
 * Commands out of operations: path parameters become arguments, the other members of the input
 * become flags, and the answer is printed as JSON or for people.
 *
 * @module
 */
import { Command } from "commander";
import { z } from "zod";
import { type Operation, pathParameters } from "../protocol/operation.ts";
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
  const parameters = pathParameters(operation.http.path);
  const names = [...(argument === undefined ? [] : [argument]), ...parameters];
  for (const name of names) command.argument(`<${name}>`);
  const properties = flagProperties(operation, parameters);
  for (const [name, property] of properties) addFlag(command, name, property);
  command.option("--json", "print the answer as JSON");
  command.action(async () => {
    const flags = command.opts<Record<string, unknown>>();
    const values = command.args;
    const input: Record<string, unknown> = {};
    parameters.forEach((name, at) => input[name] = values[at + names.length - parameters.length]);
    for (const [name] of properties) {
      const value = flags[camelCase(flagName(name))];
      if (value !== undefined) input[name] = value;
    }
    print(printable(await call(input, values[0] ?? ""), flags["json"] === true));
  });
  return command;
}

function flagProperties(operation: Operation, parameters: string[]): [string, Property][] {
  const schema = z.toJSONSchema(operation.input, { io: "input" }) as {
    properties?: Record<string, Property>;
  };
  return Object.entries(schema.properties ?? {}).filter(([name]) => !parameters.includes(name));
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
  const parse = (text: string) => isNumber && text.trim() !== "" ? Number(text) : text;
  command.option(`${flag} <value>`, hint, parse);
}

function flagName(name: string): string {
  return FLAG_NAMES[name] ?? name.replaceAll("_", "-");
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

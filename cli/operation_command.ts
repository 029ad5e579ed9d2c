/**
 * Commands out of operations: members of the input that have to be there become arguments, the
 * others flags, and the answer is printed as JSON or for people.
 *
 * @module
 */
import { Command } from "commander";
import * as z from "zod";
import type { Operation } from "../protocol/operation.ts";
import { TARGET_MARK, targetFields } from "../protocol/target.ts";
import { argumentHelp, flagHelp, placeholder } from "./flag_help.ts";
import { parseElement, parseValue, type Property, settle } from "./flag_value.ts";
import { printable } from "./output.ts";
import { parseTarget, TARGET_HELP } from "./target_argument.ts";

/** Flags whose names are shorter than the members they set. */
const FLAG_NAMES: Readonly<Record<string, string>> = { cpu_cores: "cpu", memory_mb: "memory" };

/** Members that a person is shown in a table, where all are more than a screen is wide. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  "vms.list": [
    ...["name", "status", "runtime", "image", "cpu_cores", "memory_mb"],
    ...["ip_address", "labels", "created_at"],
  ],
};

/** Columns beside the longest flag that its help is still wrapped to. */
const HELP_WIDTH_MIN = 24;

/** Settings of {@linkcode operationCommand}. */
export interface OperationCommandOptions {
  readonly verb: string;
  readonly operation: Operation;
  /** Stands before the operation's own arguments, such as the VM of a browser operation. */
  readonly argument?: string;
  /** What it is, where it is no member of the input, which would say. */
  readonly argumentHelp?: string | undefined;
  /** Members that have no flag. */
  readonly omit?: readonly string[];
  readonly call: (input: Record<string, unknown>, argument: string) => Promise<unknown>;
  readonly print: (answer: string | Uint8Array) => void;
  /** Reads a file that a value names. */
  readonly readText: (path: string) => Promise<string>;
}

/** Makes the command of one operation. */
export function operationCommand(options: OperationCommandOptions): Command {
  const { verb, operation, argument, call, print } = options;
  const command = new Command(verb).description(operation.summary)
    .configureHelp({ minWidthToWrap: HELP_WIDTH_MIN });
  const { properties, required, isTargeted } = inputSchema(operation);
  const leading = [argument ?? [], isTargeted ? TARGET : []].flat();
  const names = [...leading, ...required];
  for (const name of names) {
    const property = properties[name] ?? {};
    const own = name === argument ? options.argumentHelp : undefined;
    const help = name === TARGET ? TARGET_HELP : own ?? argumentHelp(property);
    const parse = property[TARGET_MARK] === true ? parseElement : parseValue;
    command.argument(`<${name}>`, help, (text: string) => parse(text, property));
  }
  const notFlags = new Set([...required, ...options.omit ?? []]);
  const flags = Object.entries(properties).filter(([name]) => !notFlags.has(name));
  for (const [name, property] of flags) addFlag(command, name, property);
  command.option("--json", "print the answer as JSON");
  command.action(async () => {
    const values = command.processedArgs as unknown[];
    const input: Record<string, unknown> = isTargeted
      ? parseTarget(String(values[leading.length - 1]))
      : {};
    const given = { ...command.opts<Record<string, unknown>>() };
    for (const [at, name] of required.entries()) {
      input[name] = await settle(values[at + names.length - required.length], options.readText);
    }
    for (const [name] of flags) {
      const value = given[camelCase(flagName(name))];
      if (value !== undefined) input[name] = await settle(value, options.readText);
    }
    const first = String(values[0] ?? "");
    const answer = await call(input, first);
    print(
      answer instanceof Uint8Array
        ? answer
        : printable(answer, given["json"] === true, COLUMNS[operation.name]),
    );
  });
  return command;
}

/** What an element is named by stands before the operation's own arguments. */
const TARGET = "target";

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
  if (property.type !== "boolean") {
    const typed = `${flag} <${placeholder(property)}>`;
    command.option(typed, flagHelp(property), (text) => parseValue(text, property));
    return;
  }
  command.option(flag, flagHelp(property));
  if (property.default === true) command.option(flag.replace("--", "--no-"), `not ${flag}`);
}

function flagName(name: string): string {
  return FLAG_NAMES[name] ?? name.replaceAll("_", "-");
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

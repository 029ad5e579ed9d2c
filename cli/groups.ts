/**
 * Groups of commands that derive from the lists of operations.
 *
 * @module
 */
import { Command } from "commander";
import type { Operation } from "../protocol/operation.ts";
import { browserOperations, systemOperations, vmOperations } from "../protocol/operations.ts";
import { type ViperClient, viperClient } from "./client.ts";
import type { CliContext, DaemonAddress } from "./context.ts";
import { operationCommand } from "./operation_command.ts";
import { screenshotCommand } from "./screenshot.ts";
import { watchCommand } from "./watch.ts";

type Daemon = () => DaemonAddress;

export function vmsCommand(context: CliContext, daemon: Daemon): Command {
  const { terminal: { out: print } } = context;
  return group("vms", vmOperations, (verb, operation) =>
    operationCommand({
      verb,
      operation,
      print,
      call: (input) => call(clientOf(context, daemon).vms, verb, input),
    })).addCommand(watchCommand(context, daemon));
}

export function systemCommand(context: CliContext, daemon: Daemon): Command {
  const { terminal: { out: print } } = context;
  return group("system", systemOperations, (verb, operation) =>
    operationCommand({
      verb,
      operation,
      print,
      call: (input) => call(clientOf(context, daemon).system, verb, input),
    }));
}

export function browserCommand(context: CliContext, daemon: Daemon): Command {
  const { terminal: { out: print } } = context;
  return group("browser", browserOperations, (verb, operation) => {
    if (verb === "screenshot") return screenshotCommand(context, () => clientOf(context, daemon));
    return operationCommand({
      verb,
      operation,
      argument: "vm",
      print,
      call: (input, vmName) => call(clientOf(context, daemon).browser(vmName), verb, input),
    });
  });
}

function clientOf({ host, signal }: CliContext, daemon: Daemon): ViperClient {
  const { url, apiKey } = daemon();
  return viperClient(host, url, { apiKey, signal });
}

/** A command per operation, named in the way of command lines: `getText` is `get-text`. */
function group(
  name: string,
  operations: Readonly<Record<string, Operation>>,
  make: (verb: string, operation: Operation) => Command,
): Command {
  const command = new Command(name);
  for (const [verb, operation] of Object.entries(operations)) {
    const word = verb.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    command.addCommand(make(verb, operation).name(word));
  }
  return command;
}

function call(functions: object, verb: string, input: Record<string, unknown>): Promise<unknown> {
  const operation = (functions as Record<string, (input: unknown) => Promise<unknown>>)[verb];
  if (operation === undefined) throw new TypeError(`Cannot call "${verb}"`);
  return operation(input);
}

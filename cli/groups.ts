/**
 * Groups of commands that derive from the lists of operations.
 *
 * @module
 */
import { Command } from "commander";
import type { Operation } from "../protocol/operation.ts";
import {
  auditOperations,
  browserOperations,
  keyOperations,
  profileOperations,
  quickOperations,
  systemOperations,
  ticketOperations,
  vmOperations,
} from "../protocol/operations.ts";
import { vmName } from "../protocol/vms.ts";
import { type ViperClient, viperClient } from "./client.ts";
import type { CliContext, DaemonAddress } from "./context.ts";
import { fileCommand } from "./file_command.ts";
import { consoleCommand, logsCommand } from "./logs.ts";
import { operationCommand, type OperationCommandOptions } from "./operation_command.ts";
import { createProfileCommand, exportProfileCommand, importProfileCommand } from "./profiles.ts";
import { scriptCommand } from "./script_command.ts";
import { streamCommand } from "./stream_command.ts";
import { uploadCommand } from "./upload_command.ts";
import { watchCommand } from "./watch.ts";

type Daemon = () => Promise<DaemonAddress>;

/** Groups whose commands are the daemon's operations, one for one. */
const PLAIN = {
  vms: vmOperations,
  system: systemOperations,
  keys: keyOperations,
  tickets: ticketOperations,
  audit: auditOperations,
} as const;

export function vmsCommand(context: CliContext, daemon: Daemon): Command {
  const logs = { context, daemon, client: () => clientOf(context, daemon) };
  return plainGroup("vms", context, daemon)
    .addCommand(watchCommand(context, daemon))
    .addCommand(logsCommand(logs))
    .addCommand(consoleCommand(logs));
}

/** The commands of one noun. */
export function plainGroup(
  name: keyof typeof PLAIN,
  context: CliContext,
  daemon: Daemon,
): Command {
  return group(name, PLAIN[name], (verb, operation) =>
    operationCommand({
      verb,
      operation,
      print: context.terminal.out,
      readText: (path) => readValue(context, path),
      call: async (input) => call((await clientOf(context, daemon))[name], verb, input),
    }));
}

export function profilesCommand(context: CliContext, daemon: Daemon): Command {
  const client = () => clientOf(context, daemon);
  const { create: _create, export: _export, ...plain } = profileOperations;
  return group("profiles", plain, (verb, operation) =>
    operationCommand({
      verb,
      operation,
      print: context.terminal.out,
      readText: (path) => readValue(context, path),
      call: async (input) => call((await client()).profiles, verb, input),
    }))
    .addCommand(createProfileCommand(context, client))
    .addCommand(exportProfileCommand(context, client))
    .addCommand(importProfileCommand(context, client));
}

export function browserCommand(context: CliContext, daemon: Daemon): Command {
  const { terminal: { out: print }, host: { files } } = context;
  return group("browser", browserOperations, (verb, operation) => {
    const options: OperationCommandOptions = {
      verb,
      operation,
      argument: "vm",
      argumentHelp: vmName.description,
      print,
      readText: (path) => readValue(context, path),
      call: async (input, vmName) =>
        call((await clientOf(context, daemon)).browser(vmName), verb, input),
    };
    const { bytes, stream } = operation;
    if (verb === "uploadFiles") return uploadCommand(options, files);
    if (verb === "scriptRun") return scriptCommand(options, files);
    if (stream !== undefined) return streamCommand(options, files);
    return bytes === undefined ? operationCommand(options) : fileCommand(options, bytes, files);
  });
}

/** `viper screenshot URL` and its like. */
export function quickCommand(
  verb: keyof typeof quickOperations,
  context: CliContext,
  daemon: Daemon,
): Command {
  const { terminal: { out: print }, host: { files } } = context;
  const operation: Operation = quickOperations[verb];
  const options: OperationCommandOptions = {
    ...{ verb, operation, print },
    argument: "url",
    omit: ["url", "html"],
    readText: (path) => readValue(context, path),
    call: async (input, url) =>
      call((await clientOf(context, daemon)).quick, verb, { ...input, url }),
  };
  const { bytes } = operation;
  return bytes === undefined ? operationCommand(options) : fileCommand(options, bytes, files);
}

function readValue({ host: { files } }: CliContext, path: string): Promise<string> {
  return files.readText("cli.value:read", path);
}

async function clientOf({ signal }: CliContext, daemon: Daemon): Promise<ViperClient> {
  const { url, apiKey, net } = await daemon();
  return viperClient({ net }, url, { apiKey, signal });
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

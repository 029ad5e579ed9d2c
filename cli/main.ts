/**
 * The command line: what `viper` can be told.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import type { Operation } from "../protocol/operation.ts";
import { browserOperations, systemOperations, vmOperations } from "../protocol/operations.ts";
import { ViperError } from "../protocol/problems.ts";
import { VERSION } from "../protocol/version.ts";
import { viperClient } from "./client.ts";
import { type CliContext, CliError } from "./context.ts";
import { demoCommand } from "./demo/command.ts";
import { imagesCommand } from "./images.ts";
import { operationCommand } from "./operation_command.ts";
import { screenshotCommand } from "./screenshot.ts";
import { serveCommand } from "./serve.ts";
import { watchCommand } from "./watch.ts";

const API_BASE_DEFAULT = "http://127.0.0.1:7777";

/** Runs one command line. @returns the exit code: 0 done, 1 failed, 2 wrongly asked */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const program = viperProgram(context);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.terminal.err(failure(error));
    return error instanceof CliError ? error.exitCode : 1;
  }
}

function viperProgram(context: CliContext): Command {
  const { host, terminal } = context;
  const program = new Command("viper")
    .description("A browser cloud of your own: every browser in a microVM")
    .option(
      "-a, --api <url>",
      "the daemon's address",
      host.env["VIPER_API_BASE"] ?? API_BASE_DEFAULT,
    )
    .version(VERSION, "-V, --version")
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  const client = () =>
    viperClient(host, program.opts<{ api: string }>().api, host.env["VIPER_API_KEY"] || undefined);
  const api = () => program.opts<{ api: string }>().api;
  const print = terminal.out;

  const vms = group(
    "vms",
    "create, list and delete VMs",
    vmOperations,
    (verb, operation) =>
      operationCommand({
        verb,
        operation,
        print,
        call: (input) => call(client().vms, verb, input),
      }),
  );
  vms.addCommand(watchCommand(context, api));
  const system = group(
    "system",
    "the daemon itself",
    systemOperations,
    (verb, operation) =>
      operationCommand({
        verb,
        operation,
        print,
        call: (input) => call(client().system, verb, input),
      }),
  );
  const browsers = group(
    "browser",
    "drive a VM's browser",
    browserOperations,
    (verb, operation) =>
      verb === "screenshot" ? screenshotCommand(context, client) : operationCommand({
        verb,
        operation,
        argument: "vm",
        print,
        call: (input, vmName) => call(client().browser(vmName), verb, input),
      }),
  );

  program.addCommand(serveCommand(context)).addCommand(demoCommand(context))
    .addCommand(imagesCommand(context)).addCommand(vms).addCommand(browsers).addCommand(system);
  program.command("version").description("print the version").action(() => print(`${VERSION}\n`));
  exitByThrowing(program);
  return program;
}

function group(
  name: string,
  description: string,
  operations: Readonly<Record<string, Operation>>,
  make: (verb: string, operation: Operation) => Command,
): Command {
  const command = new Command(name).description(description);
  for (const [verb, operation] of Object.entries(operations)) {
    const made = make(verb, operation);
    command.addCommand(
      made.name(verb.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)),
    );
  }
  return command;
}

function call(functions: object, verb: string, input: Record<string, unknown>): Promise<unknown> {
  return (functions as Record<string, (input: unknown) => Promise<unknown>>)[verb]?.(input) ??
    Promise.reject(new TypeError(`Cannot call "${verb}"`));
}

/** Commander would end the process; here only `main.ts` does. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitByThrowing(child);
}

function failure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ViperError && error.hint !== undefined ? `\n  ${error.hint}` : "";
  return `viper: ${message}${hint}\n`;
}

import type { Command } from "commander";
import type { Files } from "../host/host.ts";
import { CliError } from "./context.ts";
import { operationCommand, type OperationCommandOptions } from "./operation_command.ts";

/** `viper browser script-run VM FILE`: a module is in a file, and not on a command line. */
export function scriptCommand(
  options: OperationCommandOptions,
  files: Pick<Files, "readText">,
): Command {
  return operationCommand({
    ...options,
    call: async ({ script: path, ...input }, argument) => {
      const script = await files.readText("cli.script:read", String(path)).catch((cause) => {
        throw new CliError(`Cannot read the script "${path}": ${cause.message}`, 1, { cause });
      });
      return await options.call({ ...input, script }, argument);
    },
  }).usage("[options] <vm> <file>");
}

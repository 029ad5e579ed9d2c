import type { Command } from "commander";
import type { Files } from "../host/host.ts";
import { STDOUT } from "./file_command.ts";
import { operationCommand, type OperationCommandOptions } from "./operation_command.ts";

const NOTHING_MORE = new Uint8Array();

/** The command of an operation that answers with a file of any size: it goes to disk as it comes. */
export function streamCommand(
  options: OperationCommandOptions,
  files: Pick<Files, "write">,
): Command {
  const command = operationCommand({
    ...options,
    call: async (input, argument) => {
      const { out: file } = command.opts<{ out: string }>();
      const response = await options.call(input, argument) as Response;
      if (file === STDOUT) {
        for await (const chunk of response.body ?? []) options.print(chunk);
        return NOTHING_MORE;
      }
      let byte_length = 0;
      await files.write("cli.stream:begin", file, "");
      for await (const chunk of response.body ?? []) {
        await files.write("cli.stream:write", file, chunk, { append: true });
        byte_length += chunk.length;
      }
      return { file, byte_length };
    },
  });
  return command.requiredOption(
    "--out <file>",
    "write it to this file, or with - to standard output",
  );
}

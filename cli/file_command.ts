import type { Command } from "commander";
import type { Files } from "../host/host.ts";
import { bytesOf } from "../protocol/bytes_view.ts";
import type { BytesView } from "../protocol/operation.ts";
import { operationCommand, type OperationCommandOptions } from "./operation_command.ts";

/** The command of an operation that answers with a file: that is not for a terminal. */
export function fileCommand(
  options: OperationCommandOptions,
  view: BytesView,
  files: Pick<Files, "write">,
): Command {
  const command = operationCommand({
    ...options,
    call: async (input, argument) => {
      const { out } = command.opts<{ out?: string }>();
      if (out === undefined) return await options.call(input, argument);
      const answer = await options.call({ ...formatOf(out, view), ...input }, argument);
      await files.write("cli.file:write", out, bytesOf(view, answer));
      const { [view.member]: _written, ...rest } = answer as Record<string, unknown>;
      return { file: out, ...rest };
    },
  });
  return command.option("--out <file>", "write it to this file, in the format of its ending");
}

/** What the file's name says of its format. */
function formatOf(path: string, { mediaType }: BytesView): { format?: string } {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  const format = ending === "jpg" ? "jpeg" : ending;
  return typeof mediaType !== "string" && format in mediaType ? { format } : {};
}

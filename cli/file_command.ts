import type { Command } from "commander";
import type { Files } from "../host/host.ts";
import { bytesOf } from "../protocol/bytes_view.ts";
import type { BytesView } from "../protocol/operation.ts";
import { CliError } from "./context.ts";
import { operationCommand, type OperationCommandOptions } from "./operation_command.ts";

/** Stands for standard output where a file may be named. */
export const STDOUT = "-";

/** The command of an operation that answers with a file: that is not for a terminal. */
export function fileCommand(
  options: OperationCommandOptions,
  view: BytesView,
  files: Pick<Files, "write">,
): Command {
  const command = operationCommand({
    ...options,
    call: async (input, argument) => {
      const { out, json } = command.opts<{ out?: string; json?: boolean }>();
      if (out === undefined) {
        const answer = await options.call(input, argument);
        return json === true || view.encoding === "text" ? answer : withoutBytes(view, answer);
      }
      const format = "format" in input ? {} : formatOf(out, view);
      const answer = await options.call({ ...format, ...input }, argument);
      if (out === STDOUT) return bytesOf(view, answer);
      await files.write("cli.file:write", out, bytesOf(view, answer));
      const { [view.member]: _written, ...rest } = answer as Record<string, unknown>;
      return { file: out, ...rest };
    },
  });
  return command.option(
    "--out <file>",
    "write it to this file, in the format of its ending, or with - to standard output",
  );
}

/** A person is told how much there is, and how to have it. */
function withoutBytes(view: BytesView, answer: unknown): Record<string, unknown> {
  const { length } = bytesOf(view, answer);
  const told = `${length} bytes, which --out FILE writes to a file`;
  return { ...answer as Record<string, unknown>, [view.member]: told };
}

/** What the file's name says of its format, where there is a choice. */
function formatOf(path: string, { mediaType }: BytesView): { format?: string } {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase();
  if (ending === undefined || typeof mediaType === "string") return {};
  const format = ending === "jpg" ? "jpeg" : ending;
  if (format in mediaType) return { format };
  const formats = Object.keys(mediaType).join(", ");
  throw new CliError(`Cannot write "${path}" by its ending: name one of ${formats} by --format`, 2);
}

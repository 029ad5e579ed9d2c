import type { Command } from "commander";
import type { Files } from "../host/host.ts";
import { UPLOAD_BYTES_MAX } from "../protocol/act.ts";
import { mediaTypeOf } from "../protocol/media_type.ts";
import { CliError } from "./context.ts";
import { operationCommand, type OperationCommandOptions } from "./operation_command.ts";

/** `viper browser upload-files VM TARGET FILES`: files of this machine, by their paths. */
export function uploadCommand(
  options: OperationCommandOptions,
  files: Pick<Files, "readFrom">,
): Command {
  return operationCommand({
    ...options,
    call: async ({ files: given, ...input }, argument) => {
      const read = (file: unknown) => typeof file === "string" ? fileAt(file, files) : file;
      const contents = await Promise.all((given as unknown[]).map(read));
      return await options.call({ ...input, files: contents }, argument);
    },
  }).usage("[options] <vm> <target> <file,…>");
}

async function fileAt(path: string, files: Pick<Files, "readFrom">) {
  const bytes = await files.readFrom("cli.upload:read", path, 0, UPLOAD_BYTES_MAX + 1)
    .catch((cause) => {
      throw new CliError(`Cannot read "${path}": ${cause.message}`, 1, { cause });
    });
  if (bytes.length > UPLOAD_BYTES_MAX) {
    throw new CliError(`Cannot upload "${path}": it has more than ${UPLOAD_BYTES_MAX} bytes`);
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  const mime_type = mediaTypeOf(name);
  return { name, data: bytes.toBase64(), ...(mime_type === undefined ? {} : { mime_type }) };
}

import type { Command } from "commander";
import { browserScreenshot } from "../protocol/look.ts";
import type { InputOf } from "../protocol/operation.ts";
import type { ViperClient } from "./client.ts";
import type { CliContext } from "./context.ts";
import { operationCommand } from "./operation_command.ts";

/** `viper browser screenshot VM --out FILE`: an image is for a file, not for a terminal. */
export function screenshotCommand(
  { host, terminal }: CliContext,
  client: () => Promise<ViperClient>,
): Command {
  const command = operationCommand({
    verb: "screenshot",
    operation: browserScreenshot,
    argument: "vm",
    print: terminal.out,
    call: async (input, vmName) => {
      const shot = await (await client()).browser(vmName).screenshot(
        input as InputOf<typeof browserScreenshot>,
      );
      const { out } = command.opts<{ out?: string }>();
      if (out === undefined) return shot;
      await host.files.write("cli.screenshot:write", out, Uint8Array.fromBase64(shot.data));
      const { data: _image, ...rest } = shot;
      return { file: out, ...rest };
    },
  });
  return command.option("--out <file>", "write the image to this file");
}

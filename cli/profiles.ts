import { Command } from "commander";
import { profileExtract } from "../protocol/browser_profile.ts";
import type { InputOf } from "../protocol/operation.ts";
import { PROFILE_BYTES_MAX } from "../protocol/profile_contents.ts";
import type { profilesCreate } from "../protocol/profiles.ts";
import type { ViperClient } from "./client.ts";
import { type CliContext, CliError } from "./context.ts";
import { printable } from "./output.ts";

/** Bytes of a file that is imported: a profile's, and what stands between its members. */
const FILE_BYTES_MAX = 2 * PROFILE_BYTES_MAX;

type Contents = InputOf<typeof profilesCreate>["contents"];

/** `viper profiles create NAME`: one that a VM is to fill. */
export function createProfileCommand(
  { terminal }: CliContext,
  client: () => Promise<ViperClient>,
): Command {
  return new Command("create").description("make an empty profile, for a VM to write to")
    .argument("<name>")
    .option("--json", "print the answer as JSON")
    .action(async (name: string, { json }: { json?: boolean }) =>
      terminal.out(printable(await (await client()).profiles.create({ name }), json === true))
    );
}

/** `viper profiles export NAME FILE`: what it holds is for nobody else's eyes, nor for a terminal. */
export function exportProfileCommand(
  { host, terminal }: CliContext,
  client: () => Promise<ViperClient>,
): Command {
  return new Command("export").description("write what a profile holds, in clear, to a new file")
    .argument("<name>").argument("<file>", "made with mode 0600; one that is there is left alone")
    .action(async (name: string, file: string) => {
      const contents = await (await client()).profiles.export({ name });
      const text = `${JSON.stringify(contents, null, 2)}\n`;
      const options = { mode: 0o600, createNew: true };
      await host.files.write("cli.profiles:export", file, text, options).catch((cause) => {
        throw new CliError(`Cannot write to "${file}": ${messageOf(cause)}`, 1, { cause });
      });
      terminal.out(`${file}: whoever reads it is logged in as the profile is\n`);
    });
}

/** `viper profiles import NAME FILE`: out of an export, or of what a browser answered. */
export function importProfileCommand(
  { host, terminal }: CliContext,
  client: () => Promise<ViperClient>,
): Command {
  return new Command("import").description("make a profile out of a file that was exported")
    .argument("<name>").argument("<file>")
    .option("--json", "print the answer as JSON")
    .action(async (name: string, file: string, { json }: { json?: boolean }) => {
      const bytes = await host.files.readFrom("cli.profiles:import", file, 0, FILE_BYTES_MAX + 1)
        .catch((cause) => {
          throw new CliError(`Cannot read "${file}": ${messageOf(cause)}`, 1, { cause });
        });
      const contents = contentsOf(bytes, file);
      const made = await (await client()).profiles.create({ name, contents });
      terminal.out(printable(made, json === true));
    });
}

/** Members that only tell of the browser are left aside; what nobody knows is not lost unsaid. */
function contentsOf(bytes: Uint8Array, file: string): Contents {
  if (bytes.length > FILE_BYTES_MAX) {
    throw new CliError(`Cannot import "${file}": it has more than ${FILE_BYTES_MAX} bytes`);
  }
  let told: unknown;
  try {
    told = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    // What the parser says would quote the file.
    throw new CliError(`Cannot import "${file}": it is not JSON, or cut`, 1, { cause });
  }
  const { cookies, origins, left_out } = Object(told) as Record<string, unknown>;
  if (cookies === undefined && origins === undefined) {
    throw new CliError(`Cannot import "${file}": it has neither cookies nor origins`);
  }
  const unknown = Object.keys(Object(told)).find((name) => !(name in profileExtract.output.shape));
  if (unknown !== undefined) {
    throw new CliError(
      `Cannot import "${file}": it has "${unknown}", which this version of Viper does not know; ` +
        "use the version that exported it",
    );
  }
  const members = Object.entries({ cookies, origins, left_out })
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as Contents;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

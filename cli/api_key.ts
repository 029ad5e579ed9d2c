import { adminKeyFile, isLoopback, stateDatabase } from "../server/config.ts";
import type { Host } from "../host/host.ts";
import { installedEnv } from "../setup/settings.ts";
import { CliError } from "./context.ts";

/**
 * The key to speak to the daemon with: of the file that was named, of `VIPER_API_KEY`, or the one
 * that a daemon of this user keeps on this machine. The last goes to no other machine.
 *
 * @throws {CliError} when the named file cannot be read
 */
export async function apiKeyFor(
  url: string,
  host: Pick<Host, "env" | "files">,
  file: string | undefined,
): Promise<string | undefined> {
  if (file !== undefined) return await namedKey(host, file);
  const fromEnvironment = host.env["VIPER_API_KEY"];
  if (fromEnvironment) return fromEnvironment;
  if (!isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ""))) return undefined;
  // The daemon of this user, else the one that setup made. Where there is no such file, or it is
  // another user's, the daemon's answer says what is missing.
  return await keyIn(host, adminKeyFile(stateDatabase(host.env))) ??
    await keyIn(host, adminKeyFile(stateDatabase(await installedEnv(host, "").catch(() => ({})))));
}

async function keyIn(host: Pick<Host, "files">, path: string): Promise<string | undefined> {
  const text = await host.files.readText("cli.key:own", path).catch(() => "");
  return text.trim() || undefined;
}

async function namedKey(host: Pick<Host, "files">, file: string): Promise<string> {
  const text = await host.files.readText("cli.key:named", file).catch((error) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot read the API key in "${file}": ${reason}`, 1, { cause: error });
  });
  if (text.trim() !== "") return text.trim();
  throw new CliError(`Cannot use "${file}" as the API key: it is empty`);
}

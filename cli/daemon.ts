/**
 * How the command line reaches the daemon: where it is, and what to show it.
 *
 * Nobody has to say anything for a daemon of the same user: it is asked over its Unix socket, which
 * nobody else can open or stand in for. Where an address or a key is given, these are used.
 *
 * @module
 */
import type { Address, Host, Net } from "../host/host.ts";
import { adminKeyFile, isLoopback, socketOf, stateDatabase } from "../server/config.ts";
import { installedEnv } from "../setup/settings.ts";
import { CliError, type DaemonAddress } from "./context.ts";

const API_BASE_DEFAULT = "http://127.0.0.1:7777";

/** What the command line says of the daemon. */
export interface DaemonFlags {
  readonly api?: string;
  readonly apiKeyFile?: string;
}

/**
 * Finds the daemon. What it opens is closed with `parts`.
 *
 * @throws {CliError} for an address that is none, or a key file that cannot be read
 */
export async function findDaemon(
  { api, apiKeyFile }: DaemonFlags,
  host: Pick<Host, "env" | "files" | "net">,
  parts: DisposableStack,
): Promise<DaemonAddress> {
  const { env, net } = host;
  const given = api ?? (env["VIPER_API_BASE"] || undefined);
  const apiKey = apiKeyFile === undefined
    ? env["VIPER_API_KEY"] || undefined
    : await keyIn(host, apiKeyFile);
  if (given === undefined && apiKey === undefined) {
    for (const path of (await environments(host)).map(socketOf)) {
      const found = await host.files.stat("cli.daemon:socket", path).catch(() => null);
      if (found?.isSocket) return overSocket(path, net, parts);
    }
  }
  const url = daemonUrl(given ?? API_BASE_DEFAULT);
  return { url, apiKey: apiKey ?? await ownKey(host, url), net, address: addressOf(url) };
}

/** Where a daemon may have its state: as this user's would, else as the one that setup made. */
async function environments(
  host: Pick<Host, "env" | "files">,
): Promise<Readonly<Record<string, string | undefined>>[]> {
  const installed = await installedEnv(host, "").catch(() => ({}));
  return [host.env, ...(Object.keys(installed).length === 0 ? [] : [installed])];
}

function overSocket(path: string, net: Net, parts: DisposableStack): DaemonAddress {
  const pool = parts.use(net.openPool("cli.daemon:pool", { socket: path }));
  const fetch: Net["fetch"] = (label, url, init) =>
    pool.fetch(label, url, init).catch((error) => {
      if (!(error instanceof TypeError)) throw error;
      throw new CliError(
        `Cannot reach the daemon at "${path}": start it with "viper serve", or name another with ` +
          "--api",
        1,
        { cause: error },
      );
    });
  // The name goes nowhere: all connections go to the socket.
  return {
    url: "http://viper",
    apiKey: undefined,
    net: { fetch },
    address: { transport: "unix", path },
  };
}

/** The key that a daemon of this user keeps on this machine; it goes to no other. */
async function ownKey(
  host: Pick<Host, "env" | "files">,
  url: string,
): Promise<string | undefined> {
  if (!isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ""))) return undefined;
  for (const env of await environments(host)) {
    const path = adminKeyFile(stateDatabase(env));
    const text = await host.files.readText("cli.daemon:own_key", path).catch(() => "");
    if (text.trim() !== "") return text.trim();
  }
  // No such file, or another user's: the daemon's answer says what is missing.
  return undefined;
}

async function keyIn({ files }: Pick<Host, "files">, path: string): Promise<string> {
  const text = await files.readText("cli.daemon:key", path).catch((error) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot read the API key in "${path}": ${reason}`, 1, { cause: error });
  });
  if (text.trim() !== "") return text.trim();
  throw new CliError(`Cannot use "${path}" as the API key: it is empty`);
}

function addressOf(url: string): Address {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  return {
    transport: isTls ? "tls" : "tcp",
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (isTls ? 443 : 80)),
  };
}

function daemonUrl(text: string): string {
  if (/^https?:\/\/./.test(text) && URL.canParse(text)) return text;
  throw new CliError(
    `Cannot use "${text}" as the daemon's address: write it as ${API_BASE_DEFAULT}`,
    2,
  );
}

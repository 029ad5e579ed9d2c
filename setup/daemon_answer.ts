/** Whether the daemon of this host answers. */
import type { Host } from "../host/host.ts";
import { adminKeyFile, type Config } from "../server/config.ts";

/** How long an address of this very machine may take to answer, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 2_000;
/** How long a daemon may take from its start to its first answer, in milliseconds. */
const START_TIMEOUT_MS = 20_000;
const ASK_INTERVAL_MS = 250;

/** Where the API is to be reached from this host. */
export function apiAddress({ apiListen }: Config): Config["apiListen"] {
  const isAny = /^(0\.0\.0\.0|::)$/.test(apiListen.hostname);
  return isAny ? { ...apiListen, hostname: "127.0.0.1" } : apiListen;
}

/**
 * The version of the daemon that answers, `unknown` where it wants a key that only others may
 * read; `null` when nobody answers, or whoever does is no daemon.
 */
export async function daemonVersion(host: Host, config: Config): Promise<string | null> {
  const { hostname, port } = apiAddress(config);
  const scheme = config.tlsCert === null ? "http" : "https";
  const name = hostname.includes(":") ? `[${hostname}]` : hostname;
  const key = config.apiKey ?? await keyOf(host, config);
  try {
    const response = await host.net.fetch(
      "setup.daemon:health",
      `${scheme}://${name}:${port}/healthz`,
      {
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        headers: key === "" ? {} : { authorization: `Bearer ${key}` },
      },
    );
    const body = await response.json() as { status?: unknown; version?: unknown; code?: unknown };
    if (response.status === 401 && body.code === "unauthorized") return "unknown";
    return body.status === "ok" && typeof body.version === "string" ? body.version : null;
  } catch {
    return null;
  }
}

/** The key that the daemon keeps for its own user; `""` where this user may not read it. */
async function keyOf(host: Host, { dbPath }: Config): Promise<string> {
  return await host.files.readText("setup.daemon:key", adminKeyFile(dbPath))
    .then((text) => text.trim(), () => "");
}

/** Waits for a daemon that was just started. `false` when it does not answer within 20 s. */
export async function daemonStarts(
  host: Host,
  config: Config,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = host.clock.monotonicMs() + START_TIMEOUT_MS;
  while (await daemonVersion(host, config) === null) {
    if (host.clock.monotonicMs() > deadline) return false;
    await host.clock.sleep(ASK_INTERVAL_MS, signal);
  }
  return true;
}

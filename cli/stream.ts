import { ViperError } from "../protocol/problems.ts";
import { unreachable } from "./client.ts";
import { type CliContext, CliError, type DaemonAddress } from "./context.ts";

/**
 * A stream of server-sent events from the daemon, until interrupted.
 *
 * @throws {ViperError} the daemon's problem
 */
export async function openStream(
  { signal }: CliContext,
  { url, apiKey, net }: DaemonAddress,
  path: string,
  headers: Record<string, string> = {},
): Promise<ReadableStream<Uint8Array>> {
  const response = await net.fetch("cli.stream:fetch", url + path, {
    signal,
    headers: {
      accept: "text/event-stream",
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...headers,
    },
  }).catch(unreachable(url));
  if (response.ok && response.body !== null) return response.body;
  const problem = ViperError.fromProblem(await response.json().catch(() => null));
  throw problem ?? new CliError(`Cannot follow: the daemon answered with ${response.status}`);
}

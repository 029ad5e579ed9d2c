import type { Hono } from "hono";
import type { Host, Label } from "../host/host.ts";
import { within } from "./runtimes/within.ts";

/** How long a shutdown waits for requests under way. */
const SHUTDOWN_GRACE_MS = 10_000;

/** A listening app; disposing it finishes what is under way, within bounds. */
export interface Listener extends AsyncDisposable {
  readonly url: string;
}

/** Serves an app. @throws {Error} that says how to mend a taken port */
export async function listen(
  host: Host,
  label: Label,
  hostname: string,
  port: number,
  app: Hono,
): Promise<Listener> {
  const server = await host.net.serve(
    label,
    { hostname, port },
    (request, peer) => app.fetch(request, { peer: peer.hostname }),
  ).catch((error) => {
    throw new Error(
      `Cannot listen on ${hostname}:${port}: ${error instanceof Error ? error.message : error}; ` +
        "end what holds the port, or choose another with --listen or --guest-port",
      { cause: error },
    );
  });
  const late = () => new Error(`Requests to ${hostname}:${port} did not end in time`);
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`,
    [Symbol.asyncDispose]: async () => {
      try {
        await within(host.clock, SHUTDOWN_GRACE_MS, server.shutdown(), late);
      } catch (error) {
        // What is still under way is cut off when the process ends.
        host.log("warn", "shutdown did not wait longer", { error });
      }
    },
  };
}

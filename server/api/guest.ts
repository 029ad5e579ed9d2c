/**
 * The guest-facing listener: what a VM may say to the daemon, and nothing else. A guest speaks
 * with its own token and from its own address.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { bearerToken, sameSecret } from "../../protocol/bearer.ts";
import { createApp, mount, type OnServerError } from "../../protocol/http_server.ts";
import { guestOperations } from "../../protocol/operations.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Fleet } from "../vms/fleet.ts";

/** What the listener knows of a request beside its words. */
export interface GuestEnv {
  readonly Bindings: { readonly peer: string };
}

/** Who speaks. */
interface Guest {
  readonly token: string;
  readonly peer: string;
}

/** The app that answers guests. */
export function guestApp(fleet: Fleet, onServerError: OnServerError): Hono {
  const app = createApp(onServerError);
  mount(app, guestOperations, {
    announce: async (input, { token, peer }: Guest) => {
      const row = fleet.rowById(input.vm_id);
      // One answer for a wrong id and a wrong token, so that ids cannot be probed.
      if (row === undefined || !sameSecret(token, row.token) || !isFrom(peer, row.ip_address)) {
        throw new ViperError("unauthorized", `Cannot accept an announce of VM "${input.vm_id}"`);
      }
      await fleet.announce(row.id, {
        url: `http://${peer}:${input.port}`,
        browserRestarts: input.browser_restarts,
      });
      return { status: "ok" as const };
    },
  }, {
    contextOf: (c: Context): Guest => ({
      token: bearerToken(c.req.raw) ?? "",
      peer: c.env.peer,
    }),
  });
  return app;
}

/** A VM without a lease runs on loopback. */
function isFrom(peer: string, leased: string | null): boolean {
  return peer === (leased ?? "127.0.0.1");
}

/** What the agent says to the daemon: signed with this VM's key, and in its name. */
import type { Host } from "../host/host.ts";
import { guestAnnounce, guestLogs, guestPageCrashed, type Instance } from "../protocol/guest.ts";
import { createClient, type FetchLike } from "../protocol/http_client.ts";
import type { Client } from "../protocol/operation.ts";
import { VM_HEADER } from "../protocol/signature.ts";
import { type SignableInit, Signer } from "../protocol/signer.ts";

// Named here and not taken from the list, which names what an agent's start has no use for.
const operations = {
  announce: guestAnnounce,
  logs: guestLogs,
  pageCrashed: guestPageCrashed,
} as const;

/** The daemon, as its guests see it. */
export type DaemonLink = Client<typeof operations>;

/** Speaks to the daemon that this VM belongs to. */
export function daemonLink(instance: Instance, host: Host): DaemonLink {
  const signer = new Signer(instance.token, "daemon", host);
  const send: FetchLike = (url, init) => host.net.fetch("agent.daemon:fetch", url, init);
  return createClient(operations, {
    fetch: (url, init) => signer.send(send, url, init as SignableInit),
    baseUrl: instance.daemon_url.replace(/\/+$/, ""),
    headers: { [VM_HEADER]: instance.vm_id },
  });
}

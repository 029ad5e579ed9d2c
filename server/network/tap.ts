/**
 * One tap a VM: the host's end of the guest's network card, a port of the bridge.
 *
 * A tap carries its VM's id in its alias, so that a tap of another VM, or one that is not ours, is
 * never taken for this one. Its own MAC is the kernel's choice and never the guest's: a bridge
 * delivers frames for a port's own address to the host.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { readLink, readPorts, removeLink } from "./link.ts";
import { retried } from "./retried.ts";
import { INTERFACE_NAME_LENGTH_MAX } from "./settings.ts";

const TAP_PREFIX = "vpt-";
const ALIAS_PREFIX = "viper-tap:";
/** Five bits a character and no look-alikes: Crockford's base 32. */
const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

/** A tap that exists. */
export interface Tap {
  readonly name: string;
}

/** The name of a VM's tap: `vpt-` and 55 bits of a hash of its id. Pure. */
export function tapName(id: string): string {
  const hash = createHash("sha256").update(id).digest();
  let name = TAP_PREFIX;
  for (let at = 0; name.length < INTERFACE_NAME_LENGTH_MAX; at++) {
    name += BASE32[(hash[at] ?? 0) & 31];
  }
  return name;
}

/**
 * Makes the VM's tap, an isolated port of the bridge; one that a crashed daemon left is remade.
 *
 * @throws {ViperError} `vm_start_failed`, with nothing left behind
 */
export async function createTap(host: Host, bridge: string, id: string): Promise<Tap> {
  const name = tapName(id);
  await using undo = new AsyncDisposableStack();
  try {
    if (await hasLeftover(host, bridge, id)) {
      await removeLink(host, "network.tap:leftover_undo", name);
    }

    undo.defer(() => retried(() => removeLink(host, "network.tap:add_undo", name)));
    await host.run("network.tap:add", ["ip", "tuntap", "add", "dev", name, "mode", "tap"]);

    const attributes = ["alias", `${ALIAS_PREFIX}${id}`, "master", bridge];
    await host.run("network.tap:attach", ["ip", "link", "set", "dev", name, ...attributes]);
    // Isolated before it is up: there is no moment at which guests reach each other.
    await host.run("network.tap:isolate", ["bridge", "link", "set", "dev", name, "isolated", "on"]);
    await host.run("network.tap:up", ["ip", "link", "set", "dev", name, "up"]);
    undo.move();
    return { name };
  } catch (cause) {
    if (cause instanceof ViperError) throw cause;
    throw new ViperError("vm_start_failed", `Cannot make the tap "${name}" of VM "${id}"`, {
      cause,
    });
  }
}

/** Removes the VM's tap, unless it is gone or not ours. Idempotent. */
export async function removeTap(host: Host, id: string): Promise<void> {
  const name = tapName(id);
  await retried(async () => {
    const link = await readLink(host, "network.tap:look_undo", name);
    if (link?.alias !== `${ALIAS_PREFIX}${id}`) return;
    await removeLink(host, "network.tap:remove_undo", name);
  });
}

/** The ids of all VMs that have a tap on the bridge, whether or not they still exist. */
export async function tapOwners(host: Host, bridge: string): Promise<string[]> {
  const ports = await readPorts(host, "network.tap:owners", bridge);
  return ports.filter((port) => port.alias.startsWith(ALIAS_PREFIX))
    .map((port) => port.alias.slice(ALIAS_PREFIX.length));
}

/** Whether this very VM has a tap already. A tap of that name with another owner is refused. */
async function hasLeftover(host: Host, bridge: string, id: string): Promise<boolean> {
  const name = tapName(id);
  const link = await readLink(host, "network.tap:look", name);
  if (link === null) return false;
  if (link.alias === `${ALIAS_PREFIX}${id}`) return true;
  const owner = link.alias === "" ? "something else" : `"${link.alias}"`;
  throw new ViperError(
    "vm_start_failed",
    `Cannot make the tap "${name}" of VM "${id}" on "${bridge}": it exists and belongs to ${owner}`,
  );
}

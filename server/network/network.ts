/**
 * The guests' network on the host: one bridge with the host's address, one isolated tap a VM,
 * NAT to the outside. Guests reach the outside and one port of the host, and never each other.
 *
 * @module
 */
import { CommandError, type Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import { openBridge } from "./bridge.ts";
import { openRules } from "./rules.ts";
import { checkSettings, type NetworkSettings } from "./settings.ts";
import type { Subnet } from "./subnet.ts";
import { createTap, removeTap, type Tap, tapOwners } from "./tap.ts";

/** The open network; disposing of it puts the host back as it was, and may be repeated. */
export interface Network extends AsyncDisposable {
  readonly subnet: Subnet;
  /** Makes the VM's tap. @throws {ViperError} `vm_start_failed`, with nothing left behind */
  createTap(id: string): Promise<Tap>;
  /** Removes the VM's tap; one that is gone is not an error. */
  removeTap(id: string): Promise<void>;
  /** Ids of the VMs that have a tap, those of an earlier daemon included. */
  tapOwners(): Promise<string[]>;
}

/**
 * Opens the network, all or nothing: what a crashed daemon left is adopted, and a failure or an
 * abort takes back what was done.
 *
 * @throws {TypeError} on bad settings
 * @throws {ViperError} `runtime_unavailable`
 */
export async function openNetwork(
  settings: NetworkSettings,
  host: Host,
  signal?: AbortSignal,
): Promise<Network> {
  const subnet = checkSettings(settings);
  const { bridge } = settings;
  await using undo = new AsyncDisposableStack();
  try {
    signal?.throwIfAborted();
    await openBridge(host, undo, settings, subnet);
    signal?.throwIfAborted();
    await openRules(host, undo, settings);
    signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted();
    throw openFailure(error, bridge);
  }
  const open = undo.move();
  return {
    subnet,
    createTap: (id) => createTap(host, bridge, id),
    removeTap: (id) => removeTap(host, id),
    tapOwners: () => tapOwners(host, bridge),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function openFailure(error: unknown, bridge: string): ViperError {
  if (error instanceof ViperError) return error;
  const isMissing = error instanceof CommandError && error.code === "not_found";
  const reason = error instanceof Error ? error.message : String(error);
  return new ViperError(
    "runtime_unavailable",
    `Cannot open the network on bridge "${bridge}": ${reason}`,
    {
      cause: error,
      hint: isMissing
        ? "Install the tools with: apt-get install iproute2 iptables"
        : "The daemon needs to be root to make bridges and taps",
    },
  );
}

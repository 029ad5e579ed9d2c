/**
 * The guests' network on the host: one bridge with the host's address, one isolated and filtered
 * tap a VM, NAT to the outside. Guests reach what their egress allows and the host's few open
 * ports, and never each other.
 *
 * @module
 */
import { CommandError, type Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Egress } from "../../protocol/vms.ts";
import { openBridge } from "./bridge.ts";
import { type Guest, type Repair, repairTaps } from "./repair.ts";
import { retried } from "./retried.ts";
import { openRules, repairRules } from "./rules.ts";
import { checkSettings, type NetworkSettings } from "./settings.ts";
import type { Subnet } from "./subnet.ts";
import {
  createTap,
  removeTap,
  setTapEgress,
  sweepUnmarkedTaps,
  type Tap,
  tapMarks,
  type TapPlan,
} from "./tap.ts";

/**
 * The open network. Disposing of it puts the host back as it was once no tap of ours is left;
 * while VMs live on, all stands, for the next daemon to adopt.
 */
export interface Network extends AsyncDisposable {
  readonly subnet: Subnet;
  /** Makes the VM's tap. @throws {ViperError} `vm_start_failed`, with nothing left behind */
  createTap(id: string, plan: TapPlan): Promise<Tap>;
  /** Removes the VM's tap and all that belongs to it; one that is gone is not an error. */
  removeTap(id: string): Promise<void>;
  /**
   * Changes what the VM may reach while it runs: packets of connections begun before are judged
   * anew, too. Store the new egress first, since a repair applies what it is given.
   *
   * @throws {ViperError} `vm_not_running` when it has no tap
   */
  setEgress(id: string, egress: Egress): Promise<void>;
  /** Ids of the VMs that have a tap, those of an earlier daemon included. */
  tapOwners(): Promise<string[]>;
  /**
   * Puts back what somebody else removed, for these running VMs; also gives taps of an earlier
   * daemon the filters of this one's settings. Changes nothing when all is well.
   *
   * @param guests asked once nothing else is changing the network, and so up to date
   */
  repair(guests: () => readonly Guest[]): Promise<Repair>;
}

/**
 * Opens the network, all or nothing: what an earlier daemon left is adopted, and a failure or an
 * abort takes back what was done, unless VMs of an earlier daemon need it.
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
  const undo = new AsyncDisposableStack();
  const close = async () => {
    if (await hasTaps(host, settings)) return;
    await undo.disposeAsync();
  };
  try {
    signal?.throwIfAborted();
    const { forwardedBefore } = await openBridge(host, undo, settings, subnet);
    signal?.throwIfAborted();
    const installed = await openRules(host, undo, settings);
    signal?.throwIfAborted();
    await sweepUnmarkedTaps(host);
    signal?.throwIfAborted();
    return openedNetwork({ settings, host, subnet, undo, forwardedBefore, installed }, close);
  } catch (error) {
    await close();
    signal?.throwIfAborted();
    throw openFailure(error, settings.bridge);
  }
}

/** What is known once the network is open. */
interface Opened {
  readonly settings: NetworkSettings;
  readonly host: Host;
  readonly subnet: Subnet;
  readonly undo: AsyncDisposableStack;
  readonly forwardedBefore: string;
  readonly installed: string;
}

function openedNetwork(opened: Opened, close: () => Promise<void>): Network {
  const { settings, host, subnet, undo, forwardedBefore, installed } = opened;
  let last: Promise<unknown> = Promise.resolve();
  /**
   * One change of what stands follows another, so that a repair sees no half-made tap. No more wait
   * than there are VMs, since each has a queue of its own.
   */
  const inTurn = <Result>(change: () => Promise<Result>): Promise<Result> => {
    const result = last.then(change);
    last = result.catch(() => {});
    return result;
  };
  return {
    subnet,
    createTap: (id, plan) => inTurn(() => createTap(host, settings, id, plan)),
    removeTap: (id) => inTurn(() => removeTap(host, settings, id)),
    setEgress: (id, egress) => inTurn(() => setTapEgress(host, settings, id, egress)),
    tapOwners: async () =>
      (await tapMarks(host, "network.tap:owners", settings.bridge)).map(({ id }) => id),
    repair: (guests) =>
      inTurn(async () => {
        const made = new AsyncDisposableStack();
        const { changes } = await openBridge(host, made, settings, subnet, forwardedBefore);
        if (changes.length > 0) undo.use(made);
        const isFlushed = await repairRules(host, settings, installed);
        const taps = await repairTaps(host, settings, subnet, guests());
        const rules = isFlushed ? ["installed the packet filter's rules again"] : [];
        return { ...taps, repaired: [...changes, ...rules, ...taps.repaired] };
      }),
    [Symbol.asyncDispose]: () => inTurn(close),
  };
}

/** Whether VMs hang on the network still; when that cannot be told, they do. */
async function hasTaps(host: Host, { bridge }: NetworkSettings): Promise<boolean> {
  return await retried(() => tapMarks(host, "network.close:taps_undo", bridge))
    .then((marks) => marks.length > 0, () => true);
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

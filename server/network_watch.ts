import type { Host } from "../host/host.ts";
import type { Network } from "./network/network.ts";
import type { Fleet } from "./vms/fleet.ts";

/** The guests' network is looked at so often; whoever breaks it has it back within that time. */
const REPAIR_INTERVAL_MS = 30_000;

/**
 * Repairs the guests' network at once and from then on, until disposed. VMs whose tap is gone are
 * told to have crashed: nothing can give a running machine a new one. `onRepaired` is told how many
 * things were put back.
 */
export async function watchNetwork(
  host: Host,
  network: Network,
  fleet: Fleet,
  onRepaired: (count: number) => void,
): Promise<AsyncDisposable> {
  let last = repair();
  const timer = host.clock.every(REPAIR_INTERVAL_MS, () => {
    last = last.then(repair);
  });
  await last;
  return {
    [Symbol.asyncDispose]: async () => {
      timer[Symbol.dispose]();
      await last;
    },
  };

  async function repair(): Promise<void> {
    try {
      const { repaired, lost } = await network.repair(() => fleet.guests());
      onRepaired(repaired.length);
      if (repaired.length > 0) host.log("warn", "network repaired", { repaired });
      await Promise.all(lost.map((id) => fleet.loseTap(id)));
    } catch (error) {
      host.log("error", "network not repaired", { error });
    }
  }
}

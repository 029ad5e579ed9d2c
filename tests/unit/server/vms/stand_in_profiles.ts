/** A stand-in for profiles: rows that are real, browsers that are not, and delays of the test's. */
import type { Host } from "../../../../host/host.ts";
import type { ProfileContents } from "../../../../protocol/profile_contents.ts";
import type { Profiles } from "../../../../server/profiles/profiles.ts";
import { GuestProfiles } from "../../../../server/profiles/guest_profiles.ts";
import type { VmProfiles } from "../../../../server/vms/vm_profiles.ts";
import type { ProfileUse } from "../../../../protocol/profiles.ts";

/** Notes who was to be logged in and whose profile was to be saved. */
export class StandInProfiles implements VmProfiles {
  /** `attach work`, `save work`, in their order. */
  readonly done: string[] = [];
  /** An attach, or a save, waits for it. */
  gate: Promise<void> = Promise.resolve();
  attachFailure: Error | null = null;
  saveFailure: Error | null = null;
  readonly #real: GuestProfiles;

  constructor(readonly store: Profiles, host: Host) {
    this.#real = new GuestProfiles({ profiles: store, host });
  }

  /** An empty profile, or one with cookies. */
  async add(name: string, cookies: ProfileContents["cookies"] = []): Promise<void> {
    await this.store.create({ name, contents: { cookies, origins: [], left_out: [] } });
  }

  assertUsable(use: ProfileUse, action: string): void {
    this.#real.assertUsable(use, action);
  }

  async attach(profile: string): Promise<void> {
    await this.gate;
    this.done.push(`attach ${profile}`);
    if (this.attachFailure !== null) throw this.attachFailure;
  }

  async save(profile: string): Promise<void> {
    await this.gate;
    this.done.push(`save ${profile}`);
    if (this.saveFailure !== null) throw this.saveFailure;
  }
}

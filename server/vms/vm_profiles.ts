/** What the fleet needs of profiles; `server/profiles/` has it. */
import type { ProfileUse } from "../../protocol/profiles.ts";
import type { AgentLink } from "./incarnation.ts";

/** Profiles on their way into VMs' browsers, and out of them. */
export interface VmProfiles {
  /**
   * Whether a new VM may have it; holds until the transaction ends that it is asked in.
   *
   * @throws {ViperError} `profile_not_found`, `profile_in_use`
   */
  assertUsable(use: ProfileUse, action: string): void;
  /** Gives the browser what the profile holds. */
  attach(profile: string, agent: AgentLink): Promise<void>;
  /** Makes what the browser holds the profile; when that fails the profile is as it was. */
  save(profile: string, agent: AgentLink): Promise<void>;
}

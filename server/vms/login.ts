/**
 * The profile in a VM's browser: given to each browser that comes up, and read out of one that ends
 * or whenever somebody asks. What becomes of the VM by that are steps of its lifecycle.
 *
 * @module
 */
import { ViperError } from "../../protocol/problems.ts";
import type { VmRow } from "../store/vm_rows.ts";
import { type Crash, messageOf, notLoggedIn } from "./crash.ts";
import type { Incarnation } from "./incarnation.ts";
import type { OwnSteps } from "./own_steps.ts";
import type { VmProfiles } from "./vm_profiles.ts";
import type { VmRecord } from "./vm_record.ts";

/** The VM whose browser is logged in. */
export interface LoginVm {
  readonly record: VmRecord;
  readonly steps: OwnSteps;
  /** Takes a step in the VM's turn, unless that life of its machine is over by then. */
  inLife(life: Incarnation, step: string, job: () => void | Promise<void>): Promise<void>;
  /** Its browser may be used from now on. */
  ready(life: Incarnation): void;
  crash(signal: "exit", crash: Crash): Promise<void>;
}

/** The profile in the browser of one VM. */
export class Login {
  constructor(private readonly vm: LoginVm, private readonly profiles: VmProfiles) {}

  /** Gives the browser of a VM that starts its profile; a VM that cannot have it has crashed. */
  begin(life: Incarnation, profile: string): void {
    const { vm } = this;
    this.#attach(life, profile)?.then(
      () =>
        vm.inLife(life, "announce", () => {
          if (vm.record.row()?.status === "starting") vm.ready(life);
        }),
      (error) => vm.inLife(life, "exit", () => vm.crash("exit", notLoggedIn(messageOf(error)))),
    );
  }

  /** Gives the browser that came up in the place of another one the profile as it was last saved. */
  renew(life: Incarnation, profile: string): void {
    this.#attach(life, profile)
      ?.catch((error) => this.vm.steps.logFailure("log_in_again", error));
  }

  /** Makes what the browser holds the VM's profile. @throws {ViperError} `profile_read_only` */
  async save(life: Incarnation | null): Promise<void> {
    const row = this.vm.record.require();
    const written = writtenBy(row);
    const action = `save the profile of VM "${row.name}"`;
    if (written === null) {
      throw new ViperError("profile_read_only", `Cannot ${action}: it writes to none`);
    }
    const agent = life?.agent ?? null;
    if (row.status !== "running" || agent === null) {
      throw new ViperError("vm_not_running", `Cannot ${action}: it is ${row.status}`);
    }
    await this.profiles.save(written, agent);
  }

  /**
   * The last word of a VM that writes to a profile; the row is as it was before the end. Whatever
   * comes of it the VM ends; why its profile is older than it is told.
   */
  async saveAtEnd({ agent, machine }: Incarnation, row: VmRow): Promise<string | null> {
    const written = writtenBy(row);
    if (written === null || agent === null || row.ready_at === null) return null;
    try {
      if (row.status === "paused") await machine.resume();
      await this.profiles.save(written, agent);
      return null;
    } catch (error) {
      this.vm.steps.logFailure("save_profile", error);
      return `its profile was not saved: ${messageOf(error)}`;
    }
  }

  #attach(life: Incarnation, profile: string): Promise<void> | null {
    return life.attach((agent) => this.profiles.attach(profile, agent));
  }
}

/** The profile that the VM writes to, if there is one. */
function writtenBy({ profile, profile_mode: mode }: VmRow): string | null {
  return mode === "write_back" ? profile : null;
}

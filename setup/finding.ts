/** What a check of the doctor looks at, and what it finds. */
import type { Host } from "../host/host.ts";
import type { Config } from "../server/config.ts";
import type { Runtime } from "../server/runtimes/runtime.ts";

/** What was found of one precondition. */
export interface Finding {
  readonly check: string;
  /** `warn`: the daemon does without, or later; `fail`: it does not. */
  readonly status: "pass" | "warn" | "fail";
  readonly seen: string;
  /** A command, or what a person has to do. */
  readonly mend?: string;
}

/** What checks look at. */
export interface Patient {
  readonly host: Host;
  readonly config: Config;
  /** Whether `viper setup` was here: then what is missing is a fault, and not just yet to come. */
  readonly isSetUp: boolean;
  readonly runtimes: readonly Runtime[];
}

/** Looks at one side of the host. A throw is a finding, too. */
export type Check = (patient: Patient) => Promise<Finding[]>;

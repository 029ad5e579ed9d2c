import type { Address, Host, Net } from "../host/host.ts";
import type { Terminal } from "../host/terminal.ts";
import type { AgentSource } from "../images/options.ts";

/** What every command acts through. */
export interface CliContext {
  readonly host: Host;
  readonly terminal: Terminal;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** The program's own files: the agent's bundle and the guest's init scripts. */
  readonly assets: Assets;
}

/** Where the program's own files are. */
export interface Assets {
  /** Starts this very program again; arguments follow. */
  readonly selfCommand: readonly string[];
  /** Starts the agent on this machine. */
  readonly agentCommand: readonly string[];
  /** What goes into the guest image as its agent. */
  readonly guestAgent: AgentSource;
  /** The folder of the guest's init scripts. */
  readonly initDir: string;
}

/** How to reach the daemon. */
export interface DaemonAddress {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Leads there. */
  readonly net: Pick<Net, "fetch">;
  /** Where bare connections go. */
  readonly address: Address;
}

/** An error that a person is told as it is, with the exit code that goes with it. */
export class CliError extends Error {
  override readonly name = "CliError";

  constructor(message: string, readonly exitCode = 1, options?: ErrorOptions) {
    super(message, options);
  }
}

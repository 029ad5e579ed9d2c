/** Hosts that see every labelled call before it is made: the seam that fault and golden tests use. */
import type { Files, Host, Label, Net } from "../../host/host.ts";

/** One labelled call: its purpose, and what was asked for in one line. */
export interface HostCall {
  readonly label: Label;
  /** The command, or the method and path, address or process number. */
  readonly detail: string;
}

/**
 * The same host, with `before` called ahead of every labelled call. What `before` throws the call
 * throws, and then nothing has happened.
 */
export function watchedHost(real: Host, before: (call: HostCall) => void): Host {
  return {
    ...real,
    run: async (label, argv, options) => {
      before({ label, detail: argv.join(" ") });
      return await real.run(label, argv, options);
    },
    spawn: async (label, argv, options) => {
      before({ label, detail: argv.join(" ") });
      return await real.spawn(label, argv, options);
    },
    signal: (label, pid, signal) => {
      before({ label, detail: `${signal} ${pid}` });
      return real.signal(label, pid, signal);
    },
    files: watchedMembers<Files>(real.files, before),
    net: watchedMembers<Net>(real.net, before),
  };
}

/** A host that acts for real and remembers what it was asked. */
export function recordingHost(real: Host): Host & { readonly calls: HostCall[] } {
  const calls: HostCall[] = [];
  return { ...watchedHost(real, (call) => calls.push(call)), calls };
}

type Labelled = (label: Label, ...rest: unknown[]) => Promise<unknown>;

function watchedMembers<Group extends Files | Net>(
  group: Group,
  before: (call: HostCall) => void,
): Group {
  const watched: Record<string, Labelled> = {};
  for (const [method, call] of Object.entries(group) as [string, Labelled][]) {
    watched[method] = async (label, ...rest) => {
      before({ label, detail: `${method} ${describe(rest[0])}` });
      return await call(label, ...rest);
    };
  }
  return watched as unknown as Group;
}

function describe(target: unknown): string {
  return typeof target === "string" ? target : JSON.stringify(target);
}

/**
 * `viper setup` and `viper setup --undo`: what is asked for, on which host.
 *
 * @module
 */
import type { Host } from "../host/host.ts";
import type { ConfigFlags } from "../server/config.ts";
import { hostResolvers } from "../server/network/resolvers.ts";
import { tapMarks } from "../server/network/tap.ts";
import { hasProgram, missingPackages } from "./changes/packages.ts";
import { freshHost } from "./fresh_host.ts";
import { type Listener, setUp, takeBack } from "./perform.ts";
import { NEEDS, networkSteps, planSetup } from "./plan.ts";
import { RECORD_PATH, SetupRecord } from "./record.ts";
import { type HostSettings, hostSettings, readHostSettings } from "./settings.ts";
import type { Kept, Step, UndoOptions } from "./step.ts";

/** Held by one setup at a time; where a start of the host forgets it. */
const LOCK = "/run/viper-setup.lock";
/** systemd runs the host when this is there: sd_booted(3). */
const SYSTEMD = "/run/systemd/system";
/** Folders that the services cannot see into, see systemd's ProtectHome= and PrivateTmp=. */
const UNSEEN = /^\/(home|root|run\/user|tmp|var\/tmp)\//;

/** What a setup is asked for. */
export interface SetupRequest {
  readonly flags: ConfigFlags;
  /** Starts `viper`; arguments follow. */
  readonly program: readonly string[];
  /** Goes before the path of every file that setup writes or looks for; `""` for the host's own. */
  readonly root: string;
  readonly serviceFile: string;
  readonly start: boolean;
}

/** Prints all that a setup of a new machine does, and does nothing. */
export async function rehearse(
  { flags, ...request }: SetupRequest,
  host: Host,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<HostSettings> {
  const settings = hostSettings(flags, host.env, {});
  const fresh = freshHost(host, print);
  const listener = quiet(print);
  const record = await SetupRecord.open(fresh, request.root);
  print(`# before each change, ${request.root}${RECORD_PATH} is written, which --undo reads`);
  const steps = planSetup({ ...request, settings, resolvers: [], hasSystemd: true });
  await setUp(steps, fresh, { record, listener, signal });
  return settings;
}

/** A setup that was looked into and can begin. */
export interface PreparedSetup {
  readonly settings: HostSettings;
  readonly steps: readonly Step[];
}

/** Looks whether the host can be set up as asked; changes nothing. @throws {Error} why not */
export async function prepareSetup(request: SetupRequest, host: Host): Promise<PreparedSetup> {
  requireRoot(host, "set up");
  await requireFolders(host, request.root);
  await requireSeen(request);
  const { start, root } = request;
  const hasSystemd = await host.files.stat("setup.prepare:systemd", root + SYSTEMD) !== null;
  if (start && !hasSystemd) {
    throw new Error(
      "Cannot start services: systemd does not run this host; with --no-start everything else is set up",
    );
  }
  if (!await hasProgram(host, "dpkg-query")) await requirePrograms(host);
  const settings = await readHostSettings(host, request.flags, root);
  const resolvers = await hostResolvers(host);
  return { settings, steps: planSetup({ ...request, settings, resolvers, hasSystemd }) };
}

/** Makes the changes, each noted in the record ahead. */
export async function runSetup(
  { steps }: PreparedSetup,
  root: string,
  host: Host,
  options: { listener: Listener; signal: AbortSignal },
): Promise<void> {
  await using _lock = await lockOut(host, root);
  const record = await SetupRecord.open(host, root);
  await setUp(steps, host, { ...options, record });
}

/** Takes back what the record says. @returns what stays, and how to remove it */
export async function undoSetup(
  root: string,
  host: Host,
  undo: UndoOptions,
  options: { listener: Listener; signal: AbortSignal },
): Promise<Kept[]> {
  requireRoot(host, "take the setup back");
  await requireFolders(host, root);
  await using _lock = await lockOut(host, root);
  const record = await SetupRecord.open(host, root);
  await requireNoVms(record, host);
  return await takeBack(record, host, undo, options);
}

/** Titles of the changes that an undo would take back, in its order. */
export async function recordedTitles(root: string, host: Host): Promise<string[]> {
  const record = await SetupRecord.open(host, root);
  return record.changes.map(({ step }) => step.title).toReversed();
}

/** Makes bridge, forwarding and rules as the host's settings say: they are lost when it starts. */
export async function restoreNetwork(
  host: Host,
  options: { listener: Listener; signal: AbortSignal },
): Promise<void> {
  requireRoot(host, "make the network");
  const { config } = await readHostSettings(host, {}, "");
  await setUp(networkSteps(config, await hostResolvers(host)), host, { ...options, record: null });
}

function requireRoot(host: Host, verb: string): void {
  if (host.isRoot) return;
  throw new Error(
    `Cannot ${verb}: it needs root; try sudo, or see what would be done with --dry-run`,
  );
}

async function requireFolders(host: Host, root: string): Promise<void> {
  for (const path of ["/etc", "/run", RECORD_PATH.slice(0, RECORD_PATH.lastIndexOf("/"))]) {
    if (await host.files.stat("setup.prepare:folder", root + path) !== null) continue;
    throw new Error(`Cannot set up a host below "${root}": there is no folder "${root}${path}"`);
  }
}

function requireSeen({ program }: SetupRequest): void {
  const hidden = program.find((word) => UNSEEN.test(word));
  if (hidden === undefined) return;
  throw new Error(
    `Cannot let a service start "${hidden}": services do not see that folder; put the program ` +
      "elsewhere and run that: install -m 0755 viper /usr/local/bin/viper",
  );
}

async function requirePrograms(host: Host): Promise<void> {
  const missing = await missingPackages(host, NEEDS);
  if (missing.length === 0) return;
  throw new Error(
    "Cannot install packages: this host has no dpkg; install what Debian calls " +
      missing.join(", "),
  );
}

/** The bridge's ports are its VMs, and they run on when the daemon ends. */
async function requireNoVms(record: SetupRecord, host: Host): Promise<void> {
  for (const { step: { kind, what } } of record.changes) {
    if (kind !== "bridge") continue;
    const { name } = what as { name: string };
    const taps = await tapMarks(host, "setup.undo:taps_look_undo", name);
    if (taps.length === 0) continue;
    throw new Error(
      `Cannot take the setup back: VMs (${taps.length}) hang on "${name}"; delete them first, ` +
        'see "viper vms list"',
    );
  }
}

async function lockOut(host: Host, root: string): Promise<AsyncDisposable> {
  const path = root + LOCK;
  const lock = await host.files.lock("setup.lock:take", path);
  if (lock === null) throw new Error("Cannot begin: another setup runs on this host");
  return {
    [Symbol.asyncDispose]: async () => {
      using _released = lock;
      await host.files.remove("setup.lock:remove_undo", path);
    },
  };
}

function quiet(print: (line: string) => void): Listener {
  return { begins: (title) => print(`# ${title}`), ends: () => {} };
}

/**
 * `viper setup`: makes a host ready for Viper, and with `--undo` puts it back.
 *
 * @module
 */
import { Command } from "commander";
import type { Terminal } from "../host/terminal.ts";
import { VARIABLES } from "../server/settings.ts";
import type { Listener, Outcome } from "../setup/perform.ts";
import { daemonStarts } from "../setup/daemon_answer.ts";
import { installedEnv, SERVICE_FILE } from "../setup/settings.ts";
import {
  prepareSetup,
  recordedTitles,
  rehearse,
  restoreNetwork,
  runSetup,
  type SetupRequest,
  undoSetup,
} from "../setup/setup.ts";
import { type CliContext, CliError } from "./context.ts";

type SettingFlags = Partial<Record<keyof typeof VARIABLES, string>>;

interface SetupFlags extends SettingFlags {
  readonly serviceFile: string;
  readonly root: string;
  readonly start: boolean;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly packages?: boolean;
  readonly data?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** A step of the report. */
interface ReportedStep {
  readonly step: string;
  readonly outcome: Outcome;
}

/** `viper setup` and its `network`. */
export function setupCommand(context: CliContext): Command {
  const { host, signal } = context;
  const network = new Command("network")
    .description("make bridge, forwarding and rules; a start of the host forgets them")
    .action(async () => {
      const listener = spoken(context.terminal, []);
      await restoreNetwork(host, { listener, signal });
    });
  return new Command("setup").description("make this host ready for Viper, or put it back")
    .option("--listen <host:port>", "address of the API [127.0.0.1:7777]")
    .option("--db <file>", "state database [/var/lib/viper/state.db]")
    .option("--runtime-dir <folder>", "folder of running VMs [/var/lib/viper/run]")
    .option("--log-dir <folder>", "folder of logs [/var/log/viper]")
    .option("--image-dir <folder>", "folder of the guest image [/var/lib/viper/image]")
    .option("--bridge <name>", "bridge of the VMs [viperbr0]")
    .option("--subnet <cidr>", "addresses of the VMs [192.168.127.0/24]")
    .option("--host-ip <address>", "the host's address on the bridge [192.168.127.1]")
    .option("--service-file <file>", "unit of the daemon", SERVICE_FILE)
    .option("--no-start", "enable the services, but do not start them now")
    .option("--root <folder>", "write all files below this folder", "")
    .option("--dry-run", "print every command and file for a new machine, and do nothing")
    .option("--undo", "put back what setup changed")
    .option("--packages", "with --undo: remove the packages, too, that setup installed")
    .option("--data", "with --undo: remove the database, images and logs, too")
    .option("-y, --yes", "do not ask")
    .option("--json", "print the report as JSON")
    .addCommand(network)
    .action(async (flags: SetupFlags) => {
      if (flags.undo) await undo(context, flags);
      else if (flags.dryRun) await dryRun(context, flags);
      else await setup(context, flags);
    });
}

async function dryRun(context: CliContext, flags: SetupFlags): Promise<void> {
  const { host, terminal, signal } = context;
  const lines: string[] = [];
  const print = (line: string) => flags.json ? lines.push(line) : terminal.out(`${line}\n`);
  await rehearse(requestOf(context, flags), host, print, signal);
  if (flags.json) terminal.out(`${JSON.stringify({ dry_run: lines })}\n`);
}

async function setup(context: CliContext, flags: SetupFlags): Promise<void> {
  const { host, terminal, signal } = context;
  const asked = await askFor(context, flags);
  const request = requestOf(context, asked);
  const prepared = await prepareSetup(request, host);
  const steps: ReportedStep[] = [];
  await runSetup(prepared, request.root, host, { listener: spoken(terminal, steps), signal });
  const { config } = prepared.settings;
  const answers = request.start ? await daemonStarts(host, config, signal) : null;
  if (flags.json) terminal.out(`${JSON.stringify({ steps, daemon_answers: answers })}\n`);
  else terminal.out(summary(steps, config.imageDir));
  if (answers === false) {
    throw new CliError(
      'The host is set up, but the daemon does not answer: see "journalctl -u viper-server" and ' +
        '"viper doctor"',
    );
  }
}

function summary(steps: readonly ReportedStep[], imageDir: string): string {
  const changes = steps.filter(({ outcome }) => outcome === "done").length;
  return [
    changes === 0 ? "everything was set up already" : `set up: ${changes} changes`,
    `build the guest image, where there is none: viper images build --out ${imageDir}`,
    "see whether all is well: viper doctor",
    "",
  ].join("\n");
}

async function undo(context: CliContext, flags: SetupFlags): Promise<void> {
  const { host, terminal, signal } = context;
  const { packages = false, data = false } = flags;
  const titles = await recordedTitles(flags.root, host);
  if (flags.dryRun) {
    return terminal.out(
      flags.json
        ? `${JSON.stringify({ dry_run: titles })}\n`
        : titles.map((title) => `take back: ${title}\n`).join(""),
    );
  }
  await confirm(context, flags, `Take back ${titles.length} changes?`);
  const steps: ReportedStep[] = [];
  const listener = spoken(terminal, steps);
  const kept = await undoSetup(flags.root, host, { packages, data }, { listener, signal });
  if (flags.json) return terminal.out(`${JSON.stringify({ steps, kept })}\n`);
  for (const { what, hint } of kept) terminal.out(`stays: ${what}\n  ${hint}\n`);
  terminal.out(kept.length === 0 ? "the host is as it was\n" : "all else is as it was\n");
}

function requestOf({ assets }: CliContext, flags: SetupFlags): SetupRequest {
  const names = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];
  const given = names.filter((name) => flags[name] !== undefined);
  return {
    flags: Object.fromEntries(given.map((name) => [name, flags[name]])),
    program: assets.selfCommand,
    root: flags.root.replace(/\/+$/, ""),
    serviceFile: flags.serviceFile,
    start: flags.start,
  };
}

/** Asks for what most hosts differ in, and whether to begin; `--yes` takes all as it is. */
async function askFor(context: CliContext, flags: SetupFlags): Promise<SetupFlags> {
  if (flags.yes) return flags;
  requirePerson(context.terminal);
  const { askForSettings } = await import("./setup_questions.ts");
  const { host } = context;
  const installed = await installedEnv(host, flags.root).catch(() => ({}));
  const answers = await askForSettings(flags, { variables: host.env, installed });
  if (answers === null) throw new CliError("Nothing was changed");
  return { ...flags, ...answers };
}

async function confirm(context: CliContext, flags: SetupFlags, question: string): Promise<void> {
  if (flags.yes) return;
  requirePerson(context.terminal);
  const { askWhether } = await import("./setup_questions.ts");
  if (!await askWhether(question)) throw new CliError("Nothing was changed");
}

function requirePerson({ canAsk }: Terminal): void {
  if (canAsk) return;
  throw new CliError(
    "Cannot ask whether to go on: there is no terminal; say --yes, or --dry-run to see what " +
      "would be done",
    2,
  );
}

/** Tells a person of each step on standard error, and keeps it for the report. */
function spoken(terminal: Terminal, steps: ReportedStep[]): Listener {
  return {
    begins: (title) => terminal.err(`  ${title} …\n`),
    ends: (step, outcome) => {
      steps.push({ step, outcome });
      terminal.err(`✓ ${step}: ${outcome}\n`);
    },
  };
}

/**
 * The command line: what `viper` can be told.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import { ViperError } from "../protocol/problems.ts";
import { VERSION } from "../protocol/version.ts";
import { type CliContext, CliError, type DaemonAddress } from "./context.ts";
import { type DaemonFlags, findDaemon } from "./daemon.ts";
import { printable } from "./output.ts";

/** Makes a command; called when the command line names it. */
type Load = (context: CliContext, daemon: () => Promise<DaemonAddress>) => Promise<Command>;

/** What stands in the help, and where the rest is: a command costs nothing until it is named. */
const COMMANDS: readonly { name: string; description: string; load: Load }[] = [
  {
    name: "serve",
    description: "run the daemon",
    load: async (context) => (await import("./serve.ts")).serveCommand(context),
  },
  {
    name: "setup",
    description: "make this host ready for Viper, or put it back",
    load: async (context) => (await import("./setup.ts")).setupCommand(context),
  },
  {
    name: "doctor",
    description: "look whether this host is ready, and what mends it",
    load: async (context) => (await import("./doctor.ts")).doctorCommand(context),
  },
  {
    name: "demo",
    description: "boot a VM, drive its browser, take a picture and leave no trace",
    load: async (context) => (await import("./demo/command.ts")).demoCommand(context),
  },
  {
    name: "images",
    description: "build the guest image",
    load: async (context) => (await import("./images.ts")).imagesCommand(context),
  },
  {
    name: "vms",
    description: "create, list, watch and delete VMs",
    load: async (context, daemon) => (await import("./groups.ts")).vmsCommand(context, daemon),
  },
  {
    name: "browser",
    description: "drive a VM's browser",
    load: async (context, daemon) => (await import("./groups.ts")).browserCommand(context, daemon),
  },
  {
    name: "browsers",
    description: "reach a VM's browser with other tools",
    load: async (context, daemon) =>
      (await import("./browsers.ts")).browsersCommand(context, daemon),
  },
  {
    name: "system",
    description: "ask the daemon about itself",
    load: async (context, daemon) =>
      (await import("./groups.ts")).plainGroup("system", context, daemon),
  },
  {
    name: "keys",
    description: "make, list and delete API keys",
    load: async (context, daemon) =>
      (await import("./groups.ts")).plainGroup("keys", context, daemon),
  },
  {
    name: "profiles",
    description: "list, export, import and delete profiles: what browsers are logged in with",
    load: async (context, daemon) => (await import("./groups.ts")).profilesCommand(context, daemon),
  },
  {
    name: "tickets",
    description: "make tickets that admit one request",
    load: async (context, daemon) =>
      (await import("./groups.ts")).plainGroup("tickets", context, daemon),
  },
  {
    name: "audit",
    description: "list who changed what",
    load: async (context, daemon) =>
      (await import("./groups.ts")).plainGroup("audit", context, daemon),
  },
];

const QUICK = {
  screenshot: "take a picture of a page, in a VM that is made for it",
  pdf: "print a page as a PDF, likewise",
  content: "read a page's HTML, likewise",
  markdown: "tell a page as Markdown, likewise",
  scrape: "read a page's elements, likewise",
} as const;

const QUICK_COMMANDS = Object.entries(QUICK).map(([name, description]) => ({
  ...{ name, description },
  load: async (context: CliContext, daemon: () => Promise<DaemonAddress>) =>
    (await import("./groups.ts")).quickCommand(name as keyof typeof QUICK, context, daemon),
}));

/** As shells tell of a command that SIGINT ended. */
const INTERRUPTED = 130;

/**
 * Runs one command line.
 *
 * @returns the exit code: 0 done, 1 failed, 2 wrongly asked, 130 interrupted before it was done
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const program = viperProgram(context);
  using parts = new DisposableStack();
  try {
    const daemon = () => findDaemon(program.opts<DaemonFlags>(), context.host, parts);
    for (const { name, description, load } of [...COMMANDS, ...QUICK_COMMANDS]) {
      const isNamed = argv.includes(name);
      const command = isNamed ? await load(context, daemon) : new Command(name);
      program.addCommand(command.name(name).description(description));
    }
    exitByThrowing(program, context);
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.terminal.err(failure(error));
    if (context.signal.aborted) return INTERRUPTED;
    return exitCodeOf(error);
  }
}

function viperProgram({ terminal }: CliContext): Command {
  const program = new Command("viper")
    .description("A browser cloud of your own: every browser in a microVM")
    .option("-a, --api <url>", "the daemon's address [its socket, else http://127.0.0.1:7777]")
    .option(
      "--api-key-file <file>",
      "holds the API key [VIPER_API_KEY, else the daemon's own file]",
    )
    .version(VERSION, "-V, --version");
  program.command("version").description("print the version")
    .action(() => terminal.out(`${VERSION}\n`));
  return program;
}

/** Commander would print and end the process; here the terminal prints, and only `main.ts` ends. */
function exitByThrowing(command: Command, context: CliContext): void {
  command.exitOverride();
  command.configureOutput({ writeOut: context.terminal.out, writeErr: context.terminal.err });
  for (const child of command.commands) exitByThrowing(child, context);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  return error instanceof ViperError && error.code === "invalid_request" ? 2 : 1;
}

function failure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { hint } = error as Partial<ViperError>;
  // What a page or guest said may stand in it.
  return printable(`viper: ${message}${hint === undefined ? "" : `\n  ${hint}`}`, false);
}

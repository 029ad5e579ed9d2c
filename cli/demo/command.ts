/**
 * `viper demo`: the main job, from a guest image to a picture, on a host that stays as it was.
 *
 * The image is built first, with the host's network; the rest runs in a network namespace of its
 * own, in this very program started again.
 *
 * @module
 */
import { Command, Option } from "commander";
import type { Host } from "../../host/host.ts";
import { type RuntimeName, runtimeName } from "../../protocol/vms.ts";
import { buildGuestImage, imageFolder } from "../images.ts";
import { type CliContext, CliError } from "../context.ts";
import { type FinishedStep, Progress } from "../progress.ts";
import { runDemo } from "./run.ts";
import { phasesTable } from "./table.ts";

/** Flags of the command; the last two are for the program itself. */
interface DemoFlags {
  readonly imageDir?: string;
  readonly out: string;
  readonly runtime: "auto" | RuntimeName;
  readonly inside?: boolean;
  readonly earlier: string;
}

export function demoCommand(context: CliContext): Command {
  return new Command("demo")
    .description("boot a VM, drive its browser, take a picture and leave no trace")
    .option("--image-dir <folder>", "folder of the guest image [~/.viper/image]")
    .option("--out <file>", "where the picture goes", "viper-demo.png")
    .addOption(
      new Option("--runtime <name>", "what runs the browser")
        .choices(["auto", ...runtimeName.options]).default("auto"),
    )
    .addOption(new Option("--inside", "the network namespace is this demo's own").hideHelp())
    .addOption(new Option("--earlier <steps>", "NAME=MS,… of steps done").default("").hideHelp())
    .action(async (flags: DemoFlags) => {
      if (flags.inside || flags.runtime === "local") await perform(context, flags);
      else await prepare(context, flags);
    });
}

/** Builds the image, then goes on in a namespace of its own. */
async function prepare(context: CliContext, flags: DemoFlags): Promise<void> {
  const { host, assets } = context;
  await requireWritable(host, flags.out);
  if (!host.isRoot) {
    throw new CliError("The demo makes a network namespace and taps, and needs root: try sudo");
  }
  const imageDir = imageFolder(flags.imageDir, host.env);
  const startedMs = host.clock.monotonicMs();
  await buildGuestImage(context, imageDir, { flavour: "headless-shell", layouts: ["disk"] });
  const image = { name: "guest image", ms: host.clock.monotonicMs() - startedMs };
  const inner = await host.spawn("demo.prepare:unshare", [
    ...["unshare", "--net", "--", ...assets.selfCommand, "demo", "--inside"],
    ...["--image-dir", imageDir, "--out", flags.out, "--runtime", flags.runtime],
    ...["--earlier", encodeSteps([...decodeSteps(flags.earlier), image])],
  ], { output: "inherit" });
  // A terminal's interrupt reaches the inner program by itself; a kill of this one does not.
  context.signal.addEventListener("abort", () => inner.kill("SIGTERM"), { once: true });
  const { code } = await inner.exited;
  if (code !== 0) throw new CliError("The demo did not finish; see above", code);
}

/** A picture that has no place is better known before a VM is booted for it. */
async function requireWritable(host: Host, path: string): Promise<void> {
  try {
    await host.files.write("demo.prepare:picture", path, "", { append: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `Cannot write the picture "${path}": ${reason}; choose another with --out`,
      1,
      {
        cause: error,
      },
    );
  }
}

/** Runs the demo here and says what came of it. */
async function perform(context: CliContext, flags: DemoFlags): Promise<void> {
  const { host, terminal } = context;
  const progress = new Progress(terminal, host.clock);
  try {
    const steps = await runDemo(context, progress, {
      imageDir: imageFolder(flags.imageDir, host.env),
      picture: flags.out,
      runtime: flags.runtime,
    });
    terminal.out(phasesTable([...decodeSteps(flags.earlier), ...steps]));
    terminal.out(`picture: ${flags.out}\n`);
  } finally {
    progress.close();
  }
}

function encodeSteps(steps: readonly FinishedStep[]): string {
  return steps.map(({ name, ms }) => `${name}=${Math.round(ms)}`).join(",");
}

function decodeSteps(text: string): FinishedStep[] {
  return text.split(",").filter(Boolean).map((part) => {
    const [name = "", ms = "0"] = part.split("=");
    return { name, ms: Number(ms) };
  });
}

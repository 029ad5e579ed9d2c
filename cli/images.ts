import { Command, Option } from "commander";
import { buildImage } from "../images/build.ts";
import type { BuildOptions, BuildResult } from "../images/options.ts";
import { VERSION } from "../protocol/version.ts";
import type { CliContext } from "./context.ts";
import { Progress } from "./progress.ts";

interface BuildFlags {
  readonly out?: string;
  readonly flavour: BuildOptions["flavour"];
  readonly layout: "disk" | "initramfs" | "both";
  readonly suite?: string;
  readonly mirror?: string;
  readonly package: string[];
  readonly refresh?: boolean;
  readonly json?: boolean;
}

/** `viper images build`: the guest image. */
export function imagesCommand(context: CliContext): Command {
  const { host, terminal } = context;
  const build = new Command("build").description("build the guest image")
    .option("--out <folder>", "folder of the image [~/.viper/image]")
    .addOption(
      new Option("--flavour <name>", "browser to install")
        .choices(["headless-shell", "chromium"]).default("headless-shell"),
    )
    .addOption(
      new Option("--layout <name>", "how the root reaches the guest")
        .choices(["disk", "initramfs", "both"]).default("both"),
    )
    .option("--suite <name>", "Debian suite [bookworm]")
    .option("--mirror <url>", "Debian mirror")
    .option("--package <name>", "install this Debian package, too; may be repeated", collect, [])
    .option("--refresh", "fetch Debian's packages anew")
    .option("--json", "print the manifest as JSON")
    .action(async (flags: BuildFlags) => {
      const { manifest, dir, unchanged } = await buildGuestImage(
        context,
        imageFolder(flags.out, host.env),
        {
          flavour: flags.flavour,
          layouts: flags.layout === "both" ? ["disk", "initramfs"] : [flags.layout],
          extraPackages: flags.package,
          ...(flags.suite === undefined ? {} : { suite: flags.suite }),
          ...(flags.mirror === undefined ? {} : { mirror: flags.mirror }),
          ...(flags.refresh === undefined ? {} : { refresh: flags.refresh }),
        },
      );
      if (flags.json) return terminal.out(`${JSON.stringify(manifest)}\n`);
      terminal.out(`${unchanged ? "up to date" : "built"}: ${dir}\n`);
      for (const [name, { bytes }] of Object.entries(manifest.files)) {
        terminal.out(`  ${name.padEnd(32)} ${(bytes / 1e6).toFixed(1)} MB\n`);
      }
    });
  return new Command("images").description("the guest image").addCommand(build);
}

/** Builds with progress on standard error. */
export async function buildGuestImage(
  { host, terminal, assets, signal }: CliContext,
  outDir: string,
  options: Pick<BuildOptions, "flavour" | "layouts"> & Partial<BuildOptions>,
): Promise<BuildResult> {
  const progress = new Progress(terminal, host.clock);
  try {
    return await buildImage({
      ...options,
      outDir,
      agent: assets.guestAgent,
      agentVersion: VERSION,
      initDir: assets.initDir,
      signal,
      onProgress: ({ phase, state, fraction, detail }) => {
        if (state === "done") progress.done(phase);
        else progress.update(phase, fraction, detail);
      },
    }, host);
  } finally {
    progress.close();
  }
}

/** The absolute folder of the guest image. */
export function imageFolder(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const folder = flag ?? env["VIPER_IMAGE_DIR"] ?? `${env["HOME"] ?? "/root"}/.viper/image`;
  return folder.startsWith("/") ? folder : `${env["PWD"] ?? "."}/${folder}`;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

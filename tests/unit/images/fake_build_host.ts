/** A host whose files are real and whose build tools are pretended, step by step. */
import type { CommandOutput, Host } from "../../../host/host.ts";
import { CommandError } from "../../../host/host.ts";
import { denoHost } from "../../../host/deno_host.ts";
import { INIT_FILES } from "../../../images/compose.ts";
import type { BuildOptions } from "../../../images/options.ts";
import { vmlinuz } from "./vmlinuz.ts";
import { EARLY_MODULES, LATE_MODULES } from "../../../images/modules.ts";

/** What a test sets and reads. */
export interface FakeBuild {
  readonly host: Host;
  readonly options: BuildOptions;
  /** Names of the steps that ran, in their order. */
  readonly steps: string[];
  /** The step that fails, by name. */
  failing: string | null;
  /** Bytes that a pack step writes. */
  sizes: Record<string, number>;
  /** What a step prints instead of what it otherwise would. */
  says: Record<string, string>;
  /** Called as each step begins. */
  onStep: (step: string) => void;
}

const ELF = new Uint8Array([0x7f, 0x45, 0x4c, 0x46]);

/** Builds into `dir`, with an agent and an init of a few bytes. */
export async function fakeBuild(dir: string): Promise<FakeBuild> {
  const real = denoHost({ log: () => {} });
  for (const name of [...INIT_FILES, "deno", "agent.js"]) {
    await Deno.writeTextFile(`${dir}/${name}`, name);
  }
  const fake: FakeBuild = {
    host: { ...real, isRoot: true, run },
    options: {
      outDir: `${dir}/image`,
      flavour: "headless-shell",
      layouts: ["disk"],
      agent: { kind: "bundle", deno: `${dir}/deno`, bundle: `${dir}/agent.js` },
      agentVersion: "1.2.3",
      initDir: dir,
    },
    steps: [],
    failing: null,
    sizes: {},
    says: {},
    onStep: () => {},
  };

  async function run(...call: Parameters<Host["run"]>): Promise<CommandOutput> {
    const [label, argv, options] = call;
    const step = label.replace("images.build:", "");
    fake.steps.push(step);
    fake.onStep(step);
    options?.signal?.throwIfAborted();
    if (step === fake.failing) {
      const output = { stdout: "", stderr: `${step} went wrong`, code: 1, signal: null };
      throw new CommandError("failed", "the whole script", output);
    }
    if (step === "checksum") return await real.run(...call);
    const args = argv.slice(argv.indexOf(step) + 1);
    const stdout = fake.says[step] ?? await pretend(step, args, fake.sizes[step] ?? 10);
    return { stdout, stderr: "", code: 0, signal: null };
  }
  return fake;
}

async function pretend(step: string, args: readonly string[], size: number): Promise<string> {
  const [first = "", second = "", third = ""] = args;
  switch (step) {
    case "bootstrap":
      await bootstrap(first);
      return "";
    case "kernel_version":
      return "6.1.0";
    case "kernel_unpack":
      await Deno.writeFile(second, ELF);
      return "";
    case "browser_check":
      return "Chromium 156.0.1.2 built on Debian\n<title>missing: .</title>";
    case "agent_check":
      return "deno 2.9.6 (stable)";
    case "base_keep":
      await Deno.writeTextFile(second, await Deno.readTextFile(`${first}/base.json`));
      return "";
    case "base_reuse":
      await Deno.mkdir(`${second}/root/usr/lib/viper`, { recursive: true });
      await Deno.copyFile(first, `${second}/base.json`);
      await Deno.writeFile(`${second}/vmlinux`, ELF);
      return "";
    case "pack_initramfs":
    case "pack_root":
      await Deno.writeFile(second, new Uint8Array(size));
      return "";
    case "pack_full":
      await Deno.writeFile(third, new Uint8Array(size));
      return "";
    default:
      return "";
  }
}

async function bootstrap(root: string): Promise<void> {
  const modules = `${root}/lib/modules/6.1.0`;
  await Deno.mkdir(modules, { recursive: true });
  await Deno.mkdir(`${root}/boot`);
  await Deno.mkdir(`${root}/usr/lib/viper`, { recursive: true });
  await Deno.writeFile(`${root}/boot/vmlinuz-6.1.0`, vmlinuz([0x1f, 0x8b, 8, 0, 1, 2]));
  const lines = [...EARLY_MODULES, ...LATE_MODULES].map((name) => `kernel/${name}.ko:\n`);
  await Deno.writeTextFile(`${modules}/modules.dep`, lines.join(""));
  await Deno.writeTextFile(`${modules}/modules.builtin`, "");
}

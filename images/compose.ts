/** Adds what is Viper's own to a base: the agent, init and the late modules. */
import type { Base } from "./base.ts";
import type { AgentSource } from "./options.ts";
import { IMAGE_EPOCH_SECONDS } from "./trim.ts";
import { type Bench, sandboxedScript, script, scriptFailure } from "./sandbox.ts";
import { CommandError } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";

/** The scripts that `initDir` holds. */
export const INIT_FILES = ["init", "initramfs_init", "network.sh"] as const;

const AGENT_START = `#!/bin/sh
exec /usr/lib/viper/deno run --no-prompt --no-remote --no-npm --no-config --no-lock --no-check \\
  --allow-all /usr/lib/viper/agent.js "$@"
`;

/** $1: base, $2: init's folder. Fills /usr/lib/viper in the root, without the agent. */
const ADD_INIT = `
viper="$1/root/usr/lib/viper"
install -m 0755 "$2/init" "$viper/init"
install -m 0644 "$2/network.sh" "$viper/network.sh"
mkdir -p "$viper/modules"
cp "$1"/modules/late/*.ko "$viper/modules/"
cp "$1/modules/late/order" "$viper/modules.order"
`;

/** $1: base, $2: init's folder, $3: timestamp. Makes base/small, the tree of the small initramfs. */
const SMALL_TREE = `
small="$1/small"
mkdir -p "$small/viper"
install -m 0755 "$2/initramfs_init" "$small/init"
cp "$1/root/bin/busybox" "$small/viper/busybox"
cp -r "$1/modules/early" "$small/viper/modules"
mv "$small/viper/modules/order" "$small/viper/modules.order"
find "$small" -exec touch -h -d "@$3" {} +
find "$1/root" -exec touch -h -d "@$3" {} +
`;

/** $1: the root. Fails when the agent's runtime does not start there. */
const RUN_DENO = `timeout 60 chroot "$1" /usr/lib/viper/deno --version | head -n 1`;

/**
 * Completes the base in place and makes `base/small` beside its root.
 *
 * @returns Deno's version where the image carries Deno
 */
export async function compose(
  bench: Bench,
  base: Base,
  initDir: string,
  agent: AgentSource,
): Promise<string | undefined> {
  await script(bench, "compose_init", ADD_INIT, base.dir, initDir);
  const deno = await addAgent(bench, `${base.dir}/root`, agent);
  await script(
    bench,
    "compose_small",
    SMALL_TREE,
    base.dir,
    initDir,
    String(IMAGE_EPOCH_SECONDS),
  );
  return deno;
}

async function addAgent(
  bench: Bench,
  root: string,
  agent: AgentSource,
): Promise<string | undefined> {
  const viper = `${root}/usr/lib/viper`;
  const { files } = bench.host;
  const add = async (from: string, name: string, mode: number) => {
    await files.copy("images.build:agent_copy", from, `${viper}/${name}`);
    await files.chmod("images.build:agent_mode", `${viper}/${name}`, mode);
  };
  if (agent.kind === "binary") {
    await add(agent.path, "viper-agent", 0o755);
    return undefined;
  }
  await add(agent.deno, "deno", 0o755);
  await add(agent.bundle, "agent.js", 0o644);
  await files.write("images.build:agent_start", `${viper}/viper-agent`, AGENT_START, {
    mode: 0o755,
  });
  return await denoVersion(bench, root);
}

async function denoVersion(bench: Bench, root: string): Promise<string> {
  try {
    const { stdout } = await sandboxedScript(
      bench,
      "deno_check",
      RUN_DENO,
      { network: false },
      root,
    );
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout.trim();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new ViperError(
      "image_build_failed",
      `Cannot build the image: Deno does not start in it: ${scriptFailure(error)}`,
      { cause: error },
    );
  }
}

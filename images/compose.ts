/** Adds what is Viper's own to a base: the agent, init and the late modules. */
import type { Base } from "./debian.ts";
import type { AgentSource } from "./options.ts";
import { IMAGE_EPOCH_SECONDS } from "./trim.ts";
import { type Bench, sandboxedScript, script, scriptFailure } from "./sandbox.ts";
import { CommandError } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";

/** The scripts that `initDir` holds. */
export const INIT_FILES = ["init", "initramfs_init", "network.sh", "start_agent"] as const;

const AGENT_START = `#!/bin/sh
export DENO_DIR=/usr/lib/viper/deno_dir DENO_NO_UPDATE_CHECK=1
exec /usr/lib/viper/deno run --no-prompt --no-remote --no-npm --no-config --no-lock --no-check \\
  --unstable-no-legacy-abort --allow-all /usr/lib/viper/agent.js "$@"
`;

/** $1: base, $2: init's folder. Fills /usr/lib/viper in the root, without the agent. */
const ADD_INIT = `
viper="$1/root/usr/lib/viper"
install -m 0755 "$2/init" "$2/start_agent" "$viper/"
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

/**
 * $1: the root. Fails when the agent's runtime does not start there. Then lets the agent fail for
 * want of its instance's file, twice: Deno keeps what it has parsed and compiled by then, which
 * spares every guest seconds under emulation. The cache only helps, so its absence is no error.
 */
const RUN_DENO = `
PATH=$PATH:/usr/sbin:/sbin
mount -t proc proc "$1/proc"
mount -t tmpfs tmp "$1/tmp"
timeout 60 chroot "$1" /usr/lib/viper/deno --version | head -n 1
mkdir -p "$1/usr/lib/viper/deno_dir"
for run in 1 2; do
  timeout 60 chroot "$1" /usr/lib/viper/viper-agent --instance /nonexistent >/dev/null 2>&1 || true
done
rm -f "$1"/usr/lib/viper/deno_dir/*-shm
chown -R 1000:1000 "$1/usr/lib/viper/deno_dir"
`;

/** $1: the root. Keeps what the agent wants Chrome to be started with, for `start_agent`. */
const CHROME_FLAGS = `
timeout 60 chroot "$1" /usr/lib/viper/viper-agent --chrome-flags >"$1/usr/lib/viper/chrome_flags"
`;

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
    await runInRoot(bench, root, CHROME_FLAGS);
    return undefined;
  }
  await add(agent.deno, "deno", 0o755);
  await add(agent.bundle, "agent.js", 0o644);
  await files.write("images.build:agent_start", `${viper}/viper-agent`, AGENT_START, {
    mode: 0o755,
  });
  const stdout = await runInRoot(bench, root, RUN_DENO + CHROME_FLAGS);
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout.trim();
}

async function runInRoot(bench: Bench, root: string, text: string): Promise<string> {
  try {
    return (await sandboxedScript(bench, "agent_check", text, { network: false }, root)).stdout;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new ViperError(
      "image_build_failed",
      `Cannot build the image: the agent does not start in it: ${scriptFailure(error)}`,
      { cause: error },
    );
  }
}

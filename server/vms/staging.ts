import type { Host } from "../../host/host.ts";
import { type Instance, needsPreparedChrome } from "../../protocol/guest.ts";
import { cpioArchive } from "./cpio.ts";

/** Where init looks for the instance's file, from the initramfs' root. */
const INSTANCE_FOLDER = "viper";
const INSTANCE_FILE = `${INSTANCE_FOLDER}/instance.json`;
/** For the shell that starts Chrome ahead of the agent: a flag, or `NAME=value`, a line. */
const CHROME_FLAGS_FILE = `${INSTANCE_FOLDER}/chrome_flags`;
const ENVIRONMENT_FILE = `${INSTANCE_FOLDER}/environment`;
/** Has `init/start_agent` leave Chrome's start to the agent. */
const NO_CHROME_AHEAD = "VIPER_AGENT_CHROME_AHEAD=no";

/**
 * Copies the initramfs into the VM's folder and appends the instance's file as one more archive:
 * Linux unpacks archives that follow each other. It holds a secret, hence mode 0600.
 *
 * @returns the copy's path
 */
export async function stageInitramfs(
  host: Host,
  folder: string,
  initramfs: string,
  instance: Instance,
): Promise<string> {
  const staged = `${folder}/initramfs`;
  await host.files.copy("vm.create:initramfs_copy", initramfs, staged);
  await host.files.chmod("vm.create:initramfs_mode", staged, 0o600);
  const info = await host.files.stat("vm.create:initramfs_stat", staged);
  // An archive begins at a multiple of 4; zeros in between are skipped.
  const gap = new Uint8Array((4 - (info?.size ?? 0) % 4) % 4);
  const archive = cpioArchive([
    { path: INSTANCE_FOLDER, mode: 0o700 },
    { path: INSTANCE_FILE, mode: 0o600, data: encode(JSON.stringify(instance)) },
    { path: CHROME_FLAGS_FILE, mode: 0o600, data: encode(lines(instance.chrome.args)) },
    { path: ENVIRONMENT_FILE, mode: 0o600, data: encode(lines(variables(instance))) },
  ]);
  await host.files.write(
    "vm.create:initramfs_append",
    staged,
    new Uint8Array([...gap, ...archive]),
    {
      append: true,
    },
  );
  return staged;
}

/** Writes the instance's file into the VM's folder, for a runtime without a guest. */
export async function stageInstance(
  host: Host,
  folder: string,
  instance: Instance,
): Promise<string> {
  const staged = `${folder}/instance.json`;
  // What Chrome writes goes with the VM's folder, even when the agent is killed.
  const chrome = { ...instance.chrome, user_data_dir: `${folder}/chrome` };
  const data = encode(JSON.stringify({ ...instance, chrome }));
  await host.files.write("vm.create:instance_file", staged, data, { mode: 0o600 });
  return staged;
}

function variables({ environment, chrome }: Instance): string[] {
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return needsPreparedChrome(chrome) ? [...lines, NO_CHROME_AHEAD] : lines;
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Folders that setup makes. One that exists stays as it is, whoever made it. */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import type { Kept, Kind, UndoOptions } from "../step.ts";

const what = z.strictObject({ path: z.string(), mode: z.int(), group: z.string() });
/** `made`: the folder and those above it that were not there, the topmost first. */
const before = z.strictObject({ made: z.array(z.string()) });
type What = z.infer<typeof what>;
type Before = z.infer<typeof before>;

export const folderKind: Kind<What, Before> = {
  name: "folder",
  what,
  before,
  title: ({ path }) => `folder ${path}`,
  look: async (host, { path }) => {
    const made = await missingFolders(host, path);
    return made.length === 0 ? null : { made };
  },
  apply: async (host, { path, mode, group }) => {
    const octal = mode.toString(8).padStart(4, "0");
    // One call for folder, mode and group: there is no half of it.
    await host.run("setup.folder:make", ["install", "-d", "-m", octal, "-g", group, path]);
  },
  undo: (host, _what, { made }, options) => removeFolders(host, made, options),
};

async function missingFolders(host: Host, path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = path; at !== "" && at !== "/"; at = at.slice(0, at.lastIndexOf("/"))) {
    const real = await host.files.realPath("setup.folder:resolve", at);
    const info = real === null ? null : await host.files.stat("setup.folder:look", real);
    if (info?.isDirectory) break;
    if (info !== null) throw new Error(`Cannot make the folder "${path}": "${at}" is no folder`);
    missing.unshift(at);
  }
  return missing;
}

async function removeFolders(
  host: Host,
  made: readonly string[],
  { data }: UndoOptions,
): Promise<Kept | null> {
  const [top, folder] = [made.at(0), made.at(-1)];
  if (top === undefined || folder === undefined) return null;
  if (data) await host.files.remove("setup.folder:data_undo", folder);
  for (const path of made.toReversed()) {
    if (await removeIfEmpty(host, path)) continue;
    // Folders above it hold at least this one.
    return { what: `folder ${path}`, hint: "It holds data; --undo --data removes it" };
  }
  return null;
}

async function removeIfEmpty(host: Host, path: string): Promise<boolean> {
  try {
    await host.files.removeDir("setup.folder:remove_undo", path);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOTEMPTY") return false;
    throw error;
  }
}

/** Files that setup writes: settings and systemd's units. */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import type { Kind } from "../step.ts";

/** What a file is written as before it takes its place. */
export const UNFINISHED = ".viper-new";

const what = z.strictObject({ path: z.string(), text: z.string(), mode: z.int() });
const before = z.strictObject({
  was: z.strictObject({ text: z.string(), mode: z.int() }).nullable(),
});
type What = z.infer<typeof what>;
type Before = z.infer<typeof before>;

/** A file with this text and mode. */
export const fileKind: Kind<What, Before> = {
  name: "file",
  what,
  before,
  title: ({ path }) => `file ${path}`,
  look: lookAtFile,
  apply: (host, { path, text, mode }) => replaceFile(host, "setup.file", path, text, mode),
  undo: async (host, { path }, { was }) => {
    await putFileBack(host, path, was);
    return null;
  },
};

/** A unit of systemd's, which has to be told when one changes. */
export const unitFileKind: Kind<What, Before> = {
  ...fileKind,
  name: "unit_file",
  undo: async (host, { path }, { was }) => {
    await putFileBack(host, path, was);
    await host.run("setup.unit:reload_undo", ["systemctl", "daemon-reload"]);
    return null;
  },
};

/** Writes a file so that there is never half of one. */
export async function replaceFile(
  host: Host,
  area: string,
  path: string,
  text: string,
  mode: number,
  suffix = "",
): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  await host.files.write(`${area}:write${suffix}`, unfinished, text, { mode });
  await host.files.rename(`${area}:rename${suffix}`, unfinished, path);
}

async function lookAtFile(host: Host, { path, text, mode }: What): Promise<Before | null> {
  const info = await host.files.stat("setup.file:look", path);
  if (info === null) return { was: null };
  if (!info.isFile) {
    throw new Error(`Cannot write "${path}": something that is no plain file is there; remove it`);
  }
  const was = { text: await host.files.readText("setup.file:read", path), mode: info.mode };
  return was.text === text && was.mode === mode ? null : { was };
}

async function putFileBack(host: Host, path: string, was: Before["was"]): Promise<void> {
  await host.files.remove("setup.file:unfinished_undo", `${path}${UNFINISHED}`);
  if (was === null) await host.files.remove("setup.file:remove_undo", path);
  else await replaceFile(host, "setup.file", path, was.text, was.mode, "_undo");
}

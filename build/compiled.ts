/** The other kind of executable: `deno compile`, where its runtime base (denort) can be had. */
import { run } from "./command.ts";

/** A download of some 40 MB on a slow line; where it cannot be reached it fails much sooner. */
const PROBE_TIMEOUT_MS = 60_000;

/** Compiles one line, since nothing else tells whether denort can be had. `null`: it can. */
export async function whyNotCompile(): Promise<string | null> {
  const folder = await Deno.makeTempDir({ prefix: "viper-denort-" });
  try {
    await Deno.writeTextFile(`${folder}/line.js`, "0;\n");
    await run([...COMPILE, "--output", `${folder}/line`, `${folder}/line.js`], {
      timeoutMs: PROBE_TIMEOUT_MS,
    });
    return null;
  } catch (error) {
    return reasonIn(error instanceof Error ? error.message : String(error));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Compiles the staged folder; its other files stand beside the module, as unpacked ones would. */
export async function writeCompiled(
  stage: string,
  entry: string,
  flags: readonly string[],
  output: string,
): Promise<void> {
  const included: string[] = [];
  for await (const { name } of Deno.readDir(stage)) {
    if (name !== entry) included.push("--include", `${stage}/${name}`);
  }
  const partial = `${output}.partial`;
  await run([...COMPILE, ...flags, ...included, "--output", partial, `${stage}/${entry}`]);
  await Deno.rename(partial, output);
}

const COMPILE = [Deno.execPath(), "compile", "--quiet", "--no-check", "--no-config", "--no-lock"];

/** The innermost cause that Deno names, or the last line there is. */
function reasonIn(message: string): string {
  const causes = [...message.matchAll(/^ +\d+: (.+)$/gm)].map((match) => match[1] ?? "");
  const named = causes.filter((cause) => cause !== "<unknown>").at(-1);
  return named ?? message.trim().split("\n").at(-1) ?? "unknown";
}

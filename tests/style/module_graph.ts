/** Who imports what, as `deno info` sees it. */
import * as z from "zod";
import { run } from "../../build/command.ts";
import { ROOT, sourceFiles } from "./project.ts";

/** One import: of another file of the project, or of a package by the name that the file uses. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly isLocal: boolean;
}

const resolved = z.object({ specifier: z.string().optional() });
const info = z.object({
  modules: z.array(z.object({
    specifier: z.string(),
    error: z.string().optional(),
    dependencies: z.array(z.object({
      specifier: z.string(),
      code: resolved.optional(),
      type: resolved.optional(),
    })).default([]),
  })),
});

/** Every import of every file, type-only ones too. @throws {Error} when a module is missing. */
export async function moduleGraph(): Promise<Edge[]> {
  const folder = await Deno.makeTempDir({ prefix: "viper-graph-" });
  try {
    const entry = `${folder}/all.ts`;
    const imports = (await sourceFiles()).map((path) => `import "file://${ROOT}/${path}";`);
    await Deno.writeTextFile(entry, imports.join("\n"));
    const json = await run([Deno.execPath(), "info", "--json", "-c", `${ROOT}/deno.json`, entry]);
    return edgesOf(info.parse(JSON.parse(json)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function edgesOf({ modules }: z.infer<typeof info>): Edge[] {
  const edges: Edge[] = [];
  for (const module of modules) {
    const from = localPath(module.specifier);
    if (from === null) continue;
    if (module.error !== undefined) throw new Error(`Cannot read "${from}": ${module.error}`);
    for (const { specifier, code, type } of module.dependencies) {
      const local = localPath(code?.specifier ?? type?.specifier ?? specifier);
      edges.push({ from, to: local ?? specifier, isLocal: local !== null });
    }
  }
  return edges;
}

function localPath(specifier: string): string | null {
  const prefix = `file://${ROOT}/`;
  return specifier.startsWith(prefix) ? specifier.slice(prefix.length) : null;
}

/** The project's own files, as the style tests read them. */
import assert from "node:assert/strict";
import { listFiles } from "../../build/digest.ts";

/** The project's folder, with no slash at its end. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Paths of the project's files, relative to {@linkcode ROOT}; generated ones are left out. */
export async function projectFiles(): Promise<string[]> {
  return [".ci/run", ...await listFiles(ROOT, ["dist", "node_modules"])];
}

/** Those of them that are TypeScript. */
export async function sourceFiles(): Promise<string[]> {
  return (await projectFiles()).filter((path) => /\.tsx?$/.test(path));
}

/** The text of one of the project's files. */
export async function textOf(path: string): Promise<string> {
  return await Deno.readTextFile(`${ROOT}/${path}`);
}

/** Fails with one line per finding. */
export function assertNone(findings: readonly string[]): void {
  assert.ok(findings.length === 0, findings.join("\n"));
}

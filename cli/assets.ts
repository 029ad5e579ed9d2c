import type { Assets } from "./context.ts";

/**
 * Finds the program's own files for each way of starting it: from the sources, unpacked by the
 * self-extracting executable (everything beside the bundle), or compiled.
 */
export function findAssets(start: {
  /** The folder of the main module. */
  readonly folder: string;
  /** The main module's file name. */
  readonly module: string;
  /** The running executable: deno, or the compiled program. */
  readonly executable: string;
  readonly isCompiled: boolean;
  /** The self-extracting executable, when it started this. */
  readonly self: string | undefined;
}): Assets {
  const { folder, module, executable, isCompiled, self } = start;
  const initDir = `${folder}/init`;
  const deno = [
    executable,
    "run",
    "--allow-all",
    "--no-prompt",
    "--quiet",
    "--unstable-no-legacy-abort",
  ];
  if (isCompiled) {
    const agent = `${executable}-agent`;
    return {
      selfCommand: [executable],
      agentCommand: [agent],
      guestAgent: { kind: "binary", path: agent },
      initDir,
    };
  }
  const isBundle = !module.endsWith(".ts");
  const bundle = isBundle ? `${folder}/agent.js` : `${folder}/dist/agent.js`;
  return {
    selfCommand: self === undefined ? [...deno, `${folder}/${module}`] : [self],
    agentCommand: [...deno, isBundle ? bundle : `${folder}/agent/main.ts`],
    guestAgent: { kind: "bundle", deno: executable, bundle },
    initDir,
  };
}

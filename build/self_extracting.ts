/**
 * A self-extracting executable: shell header, then `app` (a tar of a staged folder), then the
 * runtime (the Deno executable), both gzip members. The header says how it starts.
 *
 * @module
 */
import { run } from "./command.ts";
import { sha256 } from "./digest.ts";

/** What {@linkcode writeSelfExtracting} puts together. */
export interface SelfExtracting {
  /** How the program calls itself in messages. */
  readonly name: string;
  /** A folder whose contents become the app. */
  readonly stage: string;
  /** The module in it that is run. */
  readonly entry: string;
  /** Flags between `deno run` and the module. */
  readonly flags: readonly string[];
  /** The compressed runtime, from {@linkcode compressRuntime}. */
  readonly runtime: CompressedRuntime;
  readonly output: string;
}

/** A gzip'd executable and the name of its contents. */
export interface CompressedRuntime {
  readonly path: string;
  readonly id: string;
}

/** Digits of a SHA-256 that name a version: 64 bits, far from any accident. */
const ID_LENGTH = 16;

const HEADER = new URL("./self_extracting_header.sh", import.meta.url);

/**
 * Compresses an executable into `cache`, under the name of its contents, so that later builds
 * find it there. With pigz it takes half as long.
 */
export async function compressRuntime(
  executable: string,
  cache: string,
): Promise<CompressedRuntime> {
  const id = (await sha256(await Deno.readFile(executable))).slice(0, ID_LENGTH);
  const path = `${cache}/runtime-${id}.gz`;
  if (!await exists(path)) {
    const partial = await Deno.makeTempFile({ dir: cache });
    await run([await compressor(), "-n", "-6", "-c", executable], { stdoutFile: partial });
    await Deno.rename(partial, path);
  }
  return { path, id };
}

/** Writes the executable; it appears whole or not at all. */
export async function writeSelfExtracting(parts: SelfExtracting): Promise<void> {
  const app = await tarOf(parts.stage);
  const runtime = await Deno.readFile(parts.runtime.path);
  const payload = new Uint8Array(app.length + runtime.length);
  payload.set(app);
  payload.set(runtime, app.length);
  const header = await headerFor(parts, app.length, await sha256(payload));
  const partial = await Deno.makeTempFile({ dir: parts.stage, prefix: ".output-" });
  await Deno.writeFile(partial, header);
  await Deno.writeFile(partial, payload, { append: true });
  await Deno.chmod(partial, 0o755);
  await Deno.rename(partial, parts.output);
}

/** The same contents give the same bytes: order, times and owners are fixed. */
async function tarOf(stage: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir({ dir: stage, prefix: ".tar-" });
  try {
    const archive = `${folder}/app.tar`;
    await run([
      ...["tar", "-c", "-f", archive, "-C", stage, "--exclude=./.*", "--sort=name"],
      ...["--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=", "."],
    ]);
    await run(["gzip", "-n", "-9", archive]);
    return await Deno.readFile(`${archive}.gz`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The header names its own length, so the length is put in until it is true. */
async function headerFor(
  parts: SelfExtracting,
  appBytes: number,
  digest: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const template = await Deno.readTextFile(HEADER);
  const values: Record<string, string> = {
    NAME: parts.name,
    // Flags and entry belong to the version as much as the payload does.
    ID: (await sha256(new TextEncoder().encode([digest, parts.entry, ...parts.flags].join("\n"))))
      .slice(0, ID_LENGTH),
    SHA256: digest,
    APP_BYTES: String(appBytes),
    RUNTIME_ID: parts.runtime.id,
    FLAGS: parts.flags.join(" "),
    ENTRY: parts.entry,
    HEADER_BYTES: "0",
  };
  for (;;) {
    const text = template.replaceAll(/@([A-Z0-9_]+)@/g, (_, key: string) => values[key] ?? "");
    const header = new TextEncoder().encode(text);
    if (values.HEADER_BYTES === String(header.length)) return header;
    values.HEADER_BYTES = String(header.length);
  }
}

async function compressor(): Promise<string> {
  try {
    await run(["pigz", "--version"]);
    return "pigz";
  } catch {
    return "gzip";
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

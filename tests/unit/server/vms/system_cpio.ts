import assert from "node:assert/strict";

/** Runs cpio in a folder on an archive and returns what it wrote. */
export async function cpio(
  args: readonly string[],
  archive: Uint8Array,
  cwd: string,
): Promise<string> {
  const child = new Deno.Command("cpio", {
    args: [...args],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(archive);
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, err);
  return out ?? "";
}

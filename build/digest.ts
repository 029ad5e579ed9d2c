/** Names for contents. */

/** The SHA-256 of some bytes, in hexadecimal. */
export async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
}

/** Files below `folder`, relative to it and sorted; hidden ones and `skipped` folders left out. */
export async function listFiles(
  folder: string,
  skipped: readonly string[] = [],
): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith(".") || skipped.includes(entry.name)) continue;
    if (entry.isFile) found.push(entry.name);
    if (!entry.isDirectory) continue;
    for (const inner of await listFiles(`${folder}/${entry.name}`)) {
      found.push(`${entry.name}/${inner}`);
    }
  }
  return found.sort();
}

/** One name for the names and contents of all files of a folder. */
export async function digestOfFolder(folder: string, skipped: readonly string[]): Promise<string> {
  const lines = [`deno ${Deno.version.deno} ${Deno.build.target}`];
  for (const path of await listFiles(folder, skipped)) {
    lines.push(`${await sha256(await Deno.readFile(`${folder}/${path}`))} ${path}`);
  }
  return await sha256(new TextEncoder().encode(lines.join("\n")));
}

/** All of a host that setup may touch, as text that two moments can be compared by. */

/** Links, addresses, routes, packet filter, network sysctls, and every file below `root`. */
export async function hostSnapshot(root: string): Promise<string> {
  const parts: string[] = [];
  for (
    const argv of [
      ["ip", "-json", "-details", "address"],
      ["ip", "-json", "-details", "link"],
      ["ip", "-json", "route", "show", "table", "all"],
      ["iptables-save"],
    ]
  ) {
    parts.push(`$ ${argv.join(" ")}`, withoutCounters(await output(argv)));
  }
  for (const family of ["ipv4", "ipv6"]) parts.push(...kernelFiles(`/proc/sys/net/${family}`));
  parts.push(...filesBelow(root));
  return parts.join("\n");
}

async function output([program = "", ...args]: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Comments carry the time, brackets the packets seen, and a bridge's timers run. */
function withoutCounters(text: string): string {
  return text.replaceAll(/^#.*\n/gm, "").replaceAll(/ \[\d+:\d+\]/g, "")
    .replaceAll(/"\w+_timer":[\d.]+,?/g, "").replaceAll(/,\{"ifindex"/g, '\n{"ifindex"');
}

function kernelFiles(folder: string): string[] {
  const lines: string[] = [];
  for (const { name, isDirectory } of entries(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) lines.push(...kernelFiles(path));
    // Secrets are random, and some files are for writing only.
    else if (!/secret|flush/.test(name)) lines.push(`${path} ${readable(path)}`);
  }
  return lines;
}

function filesBelow(folder: string): string[] {
  const lines: string[] = [];
  for (const { name } of entries(folder)) {
    const path = `${folder}/${name}`;
    const { mode, uid, gid, isDirectory } = Deno.lstatSync(path);
    lines.push(`${path} ${mode?.toString(8)} ${uid}:${gid}`);
    lines.push(...(isDirectory ? filesBelow(path) : [Deno.readTextFileSync(path)]));
  }
  return lines;
}

function entries(folder: string): Deno.DirEntry[] {
  return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
}

function readable(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return "(not to be read)";
  }
}

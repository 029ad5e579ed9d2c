/** What a process needs that runs somebody else's script. */

/** All that a program can be allowed: https://docs.deno.com/runtime/fundamentals/security/. */
const RIGHTS = ["run", "read", "write", "net", "env", "sys", "ffi", "import"] as const;

/** Ways to a disk that no permission guards. */
const STORES = ["caches", "localStorage", "sessionStorage"];

/**
 * Gives up all permissions, for good: with `--no-prompt` nothing brings them back. What is open
 * stays open.
 *
 * @throws when one is left
 */
export async function giveUpRights(): Promise<void> {
  for (const name of RIGHTS) {
    const { state } = await Deno.permissions.revoke({ name } as Deno.PermissionDescriptor);
    if (state === "granted") throw new Error(`Cannot give up the permission "${name}"`);
  }
  for (const name of STORES) Reflect.deleteProperty(globalThis, name);
}

/** All of standard input, as text. */
export async function readInput(): Promise<string> {
  return await new Response(Deno.stdin.readable).text();
}

/** Writes one line; behind it the next begins, whatever else was written. */
export function writeLine(line: string): void {
  const bytes = new TextEncoder().encode(`\n${line}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/**
 * The command that starts this very program anew, from source, bundle or binary, to which its
 * arguments are appended.
 */
export function ownCommand(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const main = new URL(Deno.mainModule).pathname;
  // A bundle is all the code there is.
  const closed = ["--no-config", "--no-lock", "--no-remote", "--no-npm"];
  return [
    ...[Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", "--no-prompt"],
    ...[...(main.endsWith(".js") ? closed : []), main],
  ];
}

import { assertNone, projectFiles, sourceFiles, textOf } from "./project.ts";

/** Written in halves so that this file does not find itself. */
const BANNED: readonly [RegExp, string][] = [
  [new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`), "unfinished work"],
  [new RegExp(["registry\\.npm", "js\\.org|dl\\.deno\\.", "land"].join("")), "a registry's host"],
  [new RegExp(["(^|[\\s\"'`=(:])/wo", "rk/"].join("")), "a path of one machine"],
];

/** Its addresses are the lock file's business. */
const UNREAD = ["deno.lock"];

/** A comment line that is a statement: ends like code, begins like code. */
const CODE_IN_COMMENT =
  /^\s*\/\/\s*((const|let|var|if|for|while|return|await|import|export)\b.*[;{]|\}.*|[\w.]+\(.*\);)\s*$/;

async function linesThat(
  paths: readonly string[],
  complaint: (line: string) => string | null,
): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const lines = (await textOf(path)).split("\n");
    for (const [at, line] of lines.entries()) {
      const text = complaint(line);
      if (text !== null) found.push(`${path}:${at + 1} ${text}: ${line.trim()}`);
    }
  }
  return found;
}

Deno.test("files hold no unfinished work, registry or path of one machine", async () => {
  const paths = (await projectFiles()).filter((path) =>
    !UNREAD.includes(path) && !/\.(png|jpg|gz|woff2)$/.test(path)
  );
  const complaint = (line: string) => BANNED.find(([pattern]) => pattern.test(line))?.[1] ?? null;
  assertNone(await linesThat(paths, complaint));
});

Deno.test("comments hold no code", async () => {
  const complaint = (line: string) => CODE_IN_COMMENT.test(line) ? "code in a comment" : null;
  assertNone(await linesThat(await sourceFiles(), complaint));
});

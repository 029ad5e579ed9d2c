import { assertNone, projectFiles } from "./project.ts";

/** Names that say nothing about what is inside. */
const CATCH_ALL = new Set(
  "utils util helpers helper common misc manager shared types base index mod".split(" "),
);

/** Names that a tool, not we, chose. */
const GIVEN = ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"];

function complaint(path: string): string | null {
  const parts = path.split("/").filter((part) => !part.startsWith("."));
  const file = parts.at(-1) ?? "";
  if (GIVEN.includes(file)) return null;
  const odd = parts.find((part) => !/^[a-z0-9_]+(\.[a-z0-9]+)*$/.test(part));
  if (odd !== undefined) return `${path}: "${odd}" is not snake_case`;
  const empty = parts.find((part) => CATCH_ALL.has(part.split(".")[0] ?? ""));
  return empty === undefined ? null : `${path}: "${empty}" says nothing about what is inside`;
}

Deno.test("file names are snake_case and say what is inside", async () => {
  assertNone((await projectFiles()).map(complaint).filter((text) => text !== null));
});

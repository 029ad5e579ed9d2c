import { IMPORT_TABLE } from "./import_table.ts";
import { type Edge, moduleGraph } from "./module_graph.ts";
import { assertNone, sourceFiles } from "./project.ts";

const graph = await moduleGraph();

/** Where running begins: the programs, the build, the tests. */
function isRoot(path: string): boolean {
  return ["main.ts", "agent/main.ts", "tests/run.ts"].includes(path) ||
    path.startsWith("build/") || /^tests\/.*(_test|^main|\/main)\.ts$/.test(path);
}

Deno.test("imports follow the table", () => {
  assertNone(graph.map(violation).filter((text) => text !== null));
});

Deno.test("imports have no cycles", () => {
  const local = graph.filter((edge) => edge.isLocal);
  assertNone(cycleIn(local));
});

Deno.test("every source file is reachable from a program, the build or a test", async () => {
  const next = importsByFile(graph.filter((edge) => edge.isLocal));
  const files = await sourceFiles();
  const reached = new Set<string>();
  const waiting = files.filter(isRoot);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...next.get(path) ?? []);
  }
  assertNone(files.filter((path) => !reached.has(path)));
});

/** The table's longest entry that fits. */
function partOf(path: string): string | undefined {
  return Object.keys(IMPORT_TABLE)
    .filter((part) => part.endsWith("/") ? path.startsWith(part) : path === part)
    .sort((one, other) => other.length - one.length)[0];
}

function violation({ from, to, isLocal }: Edge): string | null {
  const part = partOf(from);
  if (part === undefined) return `${from} stands in no part of the table`;
  const { files, packages } = IMPORT_TABLE[part] ?? { files: [], packages: [] };
  const allowed = isLocal ? [part, ...files] : packages;
  if (allowed.some((entry) => covers(entry, to))) return null;
  return `${from} imports ${to}, but ${part} may import only ${allowed.join(", ") || "nothing"}`;
}

/** A folder covers its files, a package its entry points, the empty entry everything. */
function covers(entry: string, target: string): boolean {
  if (entry === "" || entry === target) return true;
  return target.startsWith(entry) && (/[/:]$/.test(entry) || target[entry.length] === "/");
}

function importsByFile(edges: readonly Edge[]): Map<string, string[]> {
  const imports = new Map<string, string[]>();
  for (const { from, to } of edges) imports.set(from, [...imports.get(from) ?? [], to]);
  return imports;
}

/** The files of one cycle, in order; none when there is none. */
function cycleIn(edges: readonly Edge[]): string[] {
  const imports = importsByFile(edges);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

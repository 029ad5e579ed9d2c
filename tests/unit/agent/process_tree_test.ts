import assert from "node:assert/strict";
import { processTree } from "../../../agent/process_tree.ts";
import type { Files } from "../../../host/host.ts";

/** Only what processTree() asks for; a process whose text is absent ended meanwhile. */
function procFiles(stats: Record<string, string | null>): Files {
  return {
    list: () => Promise.resolve([...Object.keys(stats), "meminfo", "self"]),
    readText: (_label: string, path: string) => {
      const stat = stats[path.split("/")[2] ?? ""];
      return typeof stat === "string" ? Promise.resolve(stat) : Promise.reject(new Error("ENOENT"));
    },
  } as unknown as Files;
}

Deno.test("processTree() finds descendants of descendants, whatever they are called", async () => {
  const files = procFiles({
    "1": "1 (init) S 0 1 1",
    "10": "10 (sh) S 1 10 10",
    "11": "11 (chrome (x) S 1) S 10 10 10",
    "12": "12 (zygote) S 11 10 10",
    "13": null,
    "14": "14 (other) S 1 14 14",
    "15": "15 (renderer) R 12 10 10",
  });

  assert.deepEqual(await processTree(files, 10), [10, 11, 12, 15]);
});

Deno.test("processTree() of a process that ended is that process", async () => {
  assert.deepEqual(await processTree(procFiles({ "1": "1 (init) S 0 1 1" }), 99), [99]);
});

import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import { until } from "../../../until.ts";
import { processFigures } from "../../../../server/metrics/process_figures.ts";

const host = denoHost({ log: () => {} });

async function read(pid = host.pid): Promise<Record<string, number>> {
  const readings = await processFigures({ ...host, pid })();
  return Object.fromEntries(readings.map(({ name, value }) => [name, value]));
}

Deno.test("processFigures tells what this process itself sees", async () => {
  const before = await read();
  assert.ok(Object.values(before).every((value) => value > 0), JSON.stringify(before));
  const { rss } = Deno.memoryUsage();
  assert.ok(Math.abs(before["process_resident_memory_bytes"]! / rss - 1) < 0.5);
  assert.ok(before["process_virtual_memory_bytes"]! > before["process_resident_memory_bytes"]!);
  assert.ok(before["process_max_fds"]! > before["process_open_fds"]!);
});

Deno.test("processFigures counts the descriptors that are open", async () => {
  const script = "exec 3</dev/null 4</dev/null 5</dev/null; read -r word";
  const child = new Deno.Command("sh", { args: ["-c", script], stdin: "piped" }).spawn();
  try {
    const open = () => [...Deno.readDirSync(`/proc/${child.pid}/fd`)].map(({ name }) => name);
    await until("its files", () => open().includes("5"));
    assert.equal((await read(child.pid))["process_open_fds"], open().length);
  } finally {
    await child.stdin.close();
    await child.status;
  }
});

Deno.test("processFigures tells when the process started, to the second", async () => {
  const startedAtMs = Date.now();
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  try {
    const { process_start_time_seconds: seconds = 0 } = await read(child.pid);
    // The kernel gives its own start in whole seconds.
    assert.ok(Math.abs(seconds - startedAtMs / 1_000) < 2, `${seconds}, not ${startedAtMs}`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
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
  const files = Array.from({ length: 20 }, () => Deno.openSync("/dev/null"));
  try {
    const after = await read();
    assert.equal(after["process_open_fds"]! - before["process_open_fds"]!, 20);
    assert.ok(after["process_cpu_seconds_total"]! >= before["process_cpu_seconds_total"]!);
  } finally {
    files.forEach((file) => file.close());
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

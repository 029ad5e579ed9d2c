/**
 * Requests passed on to an agent, against the same requests passed on by nginx, which only passes
 * on: it knows no VM, checks no key and signs nothing. The agent is a stand-in that answers at once.
 */
import { daemonLink } from "../../agent/daemon_link.ts";
import { denoHost } from "../../host/deno_host.ts";
import { instance as instanceSchema } from "../../protocol/guest.ts";
import { type DaemonProcess, startStandInDaemon } from "../daemon_process.ts";
import type { Comparison } from "./report.ts";
import { median, percentile, spread } from "./statistics.ts";

const NGINX = "/usr/sbin/nginx";
const REQUESTS = 3_000;
const CONCURRENCY = 16;
const ROUNDS = 5;
const START_TIMEOUT_MS = 5_000;

type Get = () => Promise<Response>;

/** Empty, with the reason said, where there is no nginx. */
export async function compareReverseProxy(note: (text: string) => void): Promise<Comparison[]> {
  if (!await exists(NGINX)) {
    console.error(
      `  reverse proxy: skipped, since there is no ${NGINX} (apt-get install nginx-light)`,
    );
    return [];
  }
  await using agent = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ status: "ok" }),
  );
  await using daemon = await startStandInDaemon();
  await announceAgent(daemon, agent.addr.port);
  await using nginx = await startNginx(agent.addr.port);
  const viper: Get = () => daemon.fetch("/api/v1/vms/bench/agent/healthz");
  const bare: Get = () => fetch(`http://127.0.0.1:${nginx.port}/healthz`);
  const rates = { viper: [] as number[], bare: [] as number[] };
  const latencies = { viper: [] as number[], bare: [] as number[] };
  for (const get of [viper, bare]) await load(get, []);
  for (let round = 1; round <= ROUNDS; round++) {
    note(`proxied requests, round ${round} of ${ROUNDS}`);
    rates.bare.push(await load(bare, latencies.bare));
    rates.viper.push(await load(viper, latencies.viper));
  }
  const p50 = (samples: number[]) => percentile(samples, 50);
  return [{
    name: `proxied requests with ${CONCURRENCY} at once, against nginx`,
    subject: `viper: ${median(rates.viper).toFixed(0)}/s (${spread(rates.viper, "/s", 0)})`,
    yardstick: `nginx: ${median(rates.bare).toFixed(0)}/s (${spread(rates.bare, "/s", 0)})`,
    ratio: median(rates.viper) / median(rates.bare),
  }, {
    name: "proxied request, p50, against nginx",
    subject: `viper: ${p50(latencies.viper).toFixed(2)} ms`,
    yardstick: `nginx: ${p50(latencies.bare).toFixed(2)} ms`,
    ratio: p50(latencies.viper) / p50(latencies.bare),
  }];
}

/** Makes a VM and tells the daemon, as its agent would, that it listens on that port. */
async function announceAgent(daemon: DaemonProcess, port: number): Promise<void> {
  const { id } = await daemon.client.vms.create({ name: "bench" });
  const file = await Deno.readTextFile(`${daemon.stateDir}/run/${id}/instance.json`);
  const instance = instanceSchema.parse(JSON.parse(file));
  const versions = { agent_version: "stand-in", browser_version: "stand-in" };
  await daemonLink(instance, denoHost({ log: () => {} })).announce({
    ...{ vm_id: id, ...versions, port, browser_restarts: 0, ready_ms: 0 },
  });
}

async function load(get: Get, latencies: number[]): Promise<number> {
  const started = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    for (let at = 0; at < REQUESTS / CONCURRENCY; at++) {
      const begun = performance.now();
      const response = await get();
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`The answer has status ${response.status}`);
      latencies.push(performance.now() - begun);
    }
  }));
  return REQUESTS / ((performance.now() - started) / 1_000);
}

async function startNginx(upstream: number): Promise<{ port: number } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "viper-nginx-" });
  const port = freePort();
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(folder, port, upstream));
  const child = new Deno.Command(NGINX, {
    args: ["-e", `${folder}/error.log`, "-c", `${folder}/nginx.conf`, "-g", "daemon off;"],
    stderr: "null",
  }).spawn();
  await answers(`http://127.0.0.1:${port}/healthz`);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function configuration(folder: string, port: number, upstream: number): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ");
  return `worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${paths}
  upstream agent { server 127.0.0.1:${upstream}; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://agent;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function answers(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (true) {
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    if (performance.now() > deadline) throw new Error(`nginx does not answer at ${url}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

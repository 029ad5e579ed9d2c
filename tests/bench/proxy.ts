/** A call through the daemon against the same call made to the agent itself. */
import { denoHost } from "../../host/deno_host.ts";
import { type SignableInit, Signer } from "../../protocol/signer.ts";
import { startDaemon } from "../daemon_process.ts";
import type { Comparison } from "./report.ts";
import { percentile } from "./statistics.ts";

const READY_TIMEOUT_MS = 30_000;
const WARM_UP_CALLS = 200;
const LATENCY_CALLS = 1_000;
const RATE_CALLS = 3_000;
const CONCURRENCY = 16;
/** Rounds of each, in turn, so that noise falls on both. */
const ROUNDS = 3;

type Call = () => Promise<void>;

interface Load {
  readonly latencies: number[];
  readonly perSecond: number[];
}

/** Runs both loads on runtime local, where nothing but the daemon differs. */
export async function compareProxy(note: (text: string) => void): Promise<Comparison[]> {
  await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
  await daemon.client.vms.create({ name: "bench" });
  const vm = await daemon.client.vms.wait({ name: "bench", timeout_ms: READY_TIMEOUT_MS });
  const path = `${daemon.stateDir}/run/${vm.id}/instance.json`;
  const { token } = JSON.parse(await Deno.readTextFile(path));
  const port = await agentPort(vm.id, token);
  const evaluate = "/v1/script/evaluate";
  const calls: Record<"proxied" | "direct", Call> = {
    proxied: post(
      `${daemon.url}/api/v1/vms/bench/agent${evaluate}`,
      (url, init) => daemon.fetch(new URL(url).pathname, init as RequestInit),
    ),
    direct: post(`http://127.0.0.1:${port}${evaluate}`, signed(token)),
  };
  const proxied: Load = { latencies: [], perSecond: [] };
  const direct: Load = { latencies: [], perSecond: [] };
  for (const call of Object.values(calls)) await repeat(call, WARM_UP_CALLS);
  for (let round = 1; round <= ROUNDS; round++) {
    note(`agent calls, round ${round} of ${ROUNDS}`);
    await measure(calls.direct, direct);
    await measure(calls.proxied, proxied);
  }
  const rate = (load: Load) => percentile(load.perSecond, 50);
  const compared = (name: string, unit: string, figure: (load: Load) => number): Comparison => ({
    name: `agent call (evaluate), ${name}: through the daemon against direct`,
    subject: `through the daemon: ${figure(proxied).toFixed(2)} ${unit}`,
    yardstick: `direct to the agent: ${figure(direct).toFixed(2)} ${unit}`,
    ratio: figure(proxied) / figure(direct),
  });
  return [
    compared("p50", "ms", ({ latencies }) => percentile(latencies, 50)),
    compared("p99", "ms", ({ latencies }) => percentile(latencies, 99)),
    compared(`rate with ${CONCURRENCY} at once`, "requests/s", rate),
  ];
}

/** The agent took a free port; of the listening ones it is that which takes its key. */
async function agentPort(vmId: string, token: string): Promise<number> {
  const table = await Deno.readTextFile("/proc/net/tcp");
  const ask = signed(token);
  const listening = [...table.matchAll(/0100007F:([0-9A-F]{4}) 00000000:0000 0A/g)];
  for (const [, hex] of listening) {
    const port = parseInt(hex ?? "", 16);
    const answer = await ask(`http://127.0.0.1:${port}/v1/devtools`, {
      signal: AbortSignal.timeout(1_000),
    }).catch(() => null);
    const isAgent = answer?.ok === true && (await answer.text()).includes("websocket_url");
    if (isAgent) return port;
    await answer?.body?.cancel().catch(() => {});
  }
  throw new Error(`No agent of VM "${vmId}" listens`);
}

type Ask = (url: string, init: SignableInit) => Promise<Response>;

/** Asks an agent as the daemon does. */
function signed(token: string): Ask {
  const signer = new Signer(token, "agent", denoHost({ log: () => {} }));
  return (url, init) => signer.send((url, init) => fetch(url, init), url, init);
}

function post(url: string, ask: Ask): Call {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ expression: "1 + 1" });
  return async () => {
    const response = await ask(url, { method: "POST", headers, body });
    if ((await response.json()).result !== 2) throw new Error(`${url} answered wrongly`);
  };
}

async function measure(call: Call, load: Load): Promise<void> {
  for (let at = 0; at < LATENCY_CALLS; at++) {
    const started = performance.now();
    await call();
    load.latencies.push(performance.now() - started);
  }
  const started = performance.now();
  const workers = Array.from({ length: CONCURRENCY }, () => repeat(call, RATE_CALLS / CONCURRENCY));
  await Promise.all(workers);
  load.perSecond.push(RATE_CALLS / ((performance.now() - started) / 1_000));
}

async function repeat(call: Call, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await call();
}

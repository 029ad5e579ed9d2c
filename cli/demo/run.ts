/** The demo's phases, in their order; what they make is taken away again in reverse. */
import { adminKeyFile, type Config, readConfig } from "../../server/config.ts";
import { type Daemon, openDaemon } from "../../server/main.ts";
import type { Host, HttpServer } from "../../host/host.ts";
import type { RuntimeName } from "../../protocol/vms.ts";
import { viperClient } from "../client.ts";
import { type CliContext, CliError } from "../context.ts";
import { spokenLog } from "../spoken_log.ts";
import type { FinishedStep, Progress } from "../progress.ts";
import { DEMO_PAGE } from "./page.ts";

const VM_NAME = "demo";
const GUEST_PORT = 7778;
const PAGE_PORT = 7780;
const HOST_IP = "192.168.127.1";
const TYPED = "typed in a microVM";
const READY_TIMEOUT_MS = 240_000;
/** The exit code of the first phase; each later one has the next. */
const FIRST_EXIT_CODE = 10;

/** What the demo is asked for. */
export interface DemoOptions {
  readonly imageDir: string;
  readonly picture: string;
  readonly runtime: "auto" | RuntimeName;
}

/** Runs all phases. @throws {CliError} that names the phase that failed */
export async function runDemo(
  context: CliContext,
  progress: Progress,
  options: DemoOptions,
): Promise<FinishedStep[]> {
  const { terminal, assets } = context;
  const host: Host = { ...context.host, log: spokenLog(terminal) };
  const steps: FinishedStep[] = [];
  const phase = async <Result>(
    name: string,
    body: (note: (detail: string) => void) => Promise<Result>,
  ): Promise<Result> => {
    try {
      context.signal.throwIfAborted();
      const { result, step } = await progress.run(name, body);
      steps.push(step);
      return result;
    } catch (error) {
      throw phaseError(name, FIRST_EXIT_CODE + steps.length, error);
    }
  };

  await using made = new AsyncDisposableStack();
  const isLocal = options.runtime === "local";
  const pageHost = isLocal ? "127.0.0.1" : HOST_IP;
  const daemon = await phase("start the daemon", async () => {
    if (!isLocal) await host.run("demo.run:loopback", ["ip", "link", "set", "lo", "up"]);
    const state = await host.files.makeTempDir("demo.run:state", "viper-demo-");
    made.defer(() => host.files.remove("demo.run:state_undo", state));
    const config = demoConfig(state, options);
    const daemon = made.use(
      await openDaemon(config, host, { agentCommand: assets.agentCommand }),
    );
    const apiKey = await host.files.readText("demo.run:key", adminKeyFile(config.dbPath));
    return { ...daemon, apiKey: apiKey.trim() };
  });
  const page = await phase("serve the page", () => servePage(host, pageHost));
  made.defer(() => page.shutdown());

  const client = viperClient(host, daemon.url, {
    apiKey: daemon.apiKey,
    signal: context.signal,
  });
  const browser = client.browser(VM_NAME);
  await phase(`create VM (${runtimeOf(daemon)})`, () => client.vms.create({ name: VM_NAME }));
  await phase("boot to ready", async () => {
    const vm = await client.vms.wait({ name: VM_NAME, timeout_ms: READY_TIMEOUT_MS });
    if (vm.status !== "running") throw new Error(`the VM is ${vm.status}: ${vm.reason ?? ""}`);
  });
  await phase("navigate", () => browser.navigate({ url: `http://${pageHost}:${page.port}/` }));
  await phase("click and type", async () => {
    await browser.click({ selector: "#count" });
    await browser.type({ selector: "#words", value: TYPED });
  });
  await phase("screenshot", async () => {
    const { data } = await browser.screenshot({});
    await host.files.write("demo.run:picture", options.picture, Uint8Array.fromBase64(data));
  });
  await phase("read text and tree", async () => {
    expectPart((await browser.getText({ selector: "#clicked" })).text, "clicked 1 time");
    expectPart((await browser.getText({ selector: "#echo" })).text, TYPED);
    expectPart((await browser.snapshot({})).text ?? "", TYPED);
  });
  await phase("delete VM", () => client.vms.delete({ name: VM_NAME }));
  await phase("leave no trace", () => made.disposeAsync());
  return steps;
}

function demoConfig(state: string, { imageDir, runtime }: DemoOptions): Config {
  const flags = {
    listen: "127.0.0.1:0",
    db: `${state}/state.db`,
    runtimeDir: `${state}/run`,
    logDir: `${state}/logs`,
    imageDir,
    runtime,
    hostIp: HOST_IP,
    guestPort: runtime === "local" ? "0" : String(GUEST_PORT),
    guestOpenPorts: String(PAGE_PORT),
    onShutdown: "stop",
  };
  // Settings of the host's own daemon are not the demo's.
  return readConfig(flags, {});
}

function servePage(host: Host, hostname: string): Promise<HttpServer> {
  const headers = { "content-type": "text/html; charset=utf-8" };
  return host.net.serve(
    "demo.run:page",
    { hostname, port: PAGE_PORT },
    () => new Response(DEMO_PAGE, { headers }),
  );
}

function runtimeOf({ runtime }: Pick<Daemon, "runtime">): string {
  return `${runtime.runtime.name}, ${runtime.availability.accel}`;
}

function expectPart(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`the page says "${text}" where "${part}" was expected`);
}

function phaseError(name: string, exitCode: number, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError(`The demo failed at "${name}": ${reason}`, exitCode, { cause: error });
}

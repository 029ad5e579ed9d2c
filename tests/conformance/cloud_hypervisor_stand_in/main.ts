/**
 * A program that behaves like Cloud Hypervisor at its API: the same flags, answers, events and exits.
 * It refuses every request that the API does not describe. For a guest it has a timer, which speaks
 * on the console and does what its kernel's command line asks for.
 *
 * Flags of its own: `--api FILE`, the API's description; `--version-is`; `--no-landlock`.
 */
import { parseArgs } from "node:util";
import { checkRequest, describedCheck } from "./schema.ts";

type State = "Created" | "Running" | "Paused";

/** What it heeds of `vm.create`'s body. */
interface Config {
  readonly payload: { readonly cmdline?: string };
  readonly serial: { readonly mode: string };
  readonly landlock_enable?: boolean;
}

const TICK_MS = 50;
/** The word after which the guest ends as its command line asks. */
const LAST_TICK = 3;

const { values: flags } = parseArgs({
  options: {
    "api-socket": { type: "string", default: "" },
    "event-monitor": { type: "string", default: "" },
    "no-shutdown": { type: "boolean", default: false },
    "version": { type: "boolean", default: false },
    "api": { type: "string" },
    "version-is": { type: "string", default: "53.0" },
    "no-landlock": { type: "boolean", default: false },
  },
});

const VERSION = flags["version-is"];
if (flags.version) {
  console.log(`cloud-hypervisor v${VERSION}\nMigration Protocol Versions: 0`);
  Deno.exit(0);
}

const checks = [checkRequest];
if (flags.api) checks.push(describedCheck(Deno.readTextFileSync(flags.api)));

const socket = flags["api-socket"].replace("path=", "");
const descriptor = flags["event-monitor"].replace("fd=", "");
const monitor = Deno.openSync(`/proc/self/fd/${descriptor}`, { append: true });

/** `null` before `vm.create`. */
let config: Config | null = null;
let state: State = "Created";
let ticks = 0;

function tell(source: string, event: string, properties: Record<string, string> | null = null) {
  const text = JSON.stringify(
    { timestamp: { secs: 0, nanos: 1 }, source, event, properties },
    null,
    2,
  );
  monitor.writeSync(new TextEncoder().encode(`${text}\n\n`));
}

/** What a refused request is answered with: status, and reasons from the outermost on. */
class Refusal extends Error {
  constructor(readonly status: number, readonly reasons: string[]) {
    super(reasons.join(": "));
  }
}

function refuse(what: string, why: string, status = 500): never {
  throw new Refusal(status, ["Error from API", what, why]);
}

function shutVm(): void {
  tell("vm", "shutdown");
  state = "Created";
}

/** The guest's next word, and what it does then. */
function tick(): void {
  if (state !== "Running") return;
  if (config?.serial.mode === "Tty") console.log(`tick ${ticks}`);
  if (ticks++ !== LAST_TICK) return;
  const deed = /viper\.test=([a-z]+)/.exec(config?.payload.cmdline ?? "")?.[1] ?? "";
  DEEDS[deed]?.();
}

const DEEDS: Record<string, () => void> = {
  poweroff: () => flags["no-shutdown"] ? shutVm() : exit(),
  panic: () => tell("guest", "panic", { event: "panic" }),
  reset: () => {
    tell("vm", "rebooting");
    ticks = 0;
    tell("vm", "rebooted");
  },
};

function exit(): never {
  if (state !== "Created") shutVm();
  if (config !== null) tell("vm", "deleted");
  tell("vmm", "shutdown");
  Deno.removeSync(socket);
  Deno.exit(0);
}

function expectState(what: string, ...allowed: State[]): void {
  if (config === null) refuse(what, "VM is not created", 404);
  if (!allowed.includes(state)) refuse(what, "VM is not running");
}

const HANDLERS: Record<string, (body: never) => unknown> = {
  "GET vmm.ping": () => ({ version: `${VERSION}.0`, pid: Deno.pid, features: ["kvm"] }),
  "GET vm.info": () => {
    if (config === null) refuse("The VM info is not available", "VM is not created", 404);
    return { config, state };
  },
  "PUT vm.create": (body: Config) => {
    if (config !== null) refuse("The VM could not be created", "VM is already created");
    config = body;
    if (!body.landlock_enable || !flags["no-landlock"]) return;
    refuse("Failed to apply landlock config during vm_create", "Error creating ruleset");
  },
  "PUT vm.boot": () => {
    expectState("The VM could not boot", "Created");
    tell("vm", "booting");
    state = "Running";
    ticks = 0;
    tell("vm", "booted");
  },
  "PUT vm.pause": () => {
    expectState("The VM could not be paused", "Running");
    tell("vm", "pausing");
    state = "Paused";
    tell("vm", "paused");
  },
  "PUT vm.resume": () => {
    expectState("The VM could not resume", "Paused");
    tell("vm", "resuming");
    state = "Running";
    tell("vm", "resumed");
  },
  "PUT vm.power-button": () => expectState("Error triggering power button", "Running", "Paused"),
  "PUT vm.shutdown": () => {
    expectState("The VM could not shutdown", "Running", "Paused");
    shutVm();
  },
  "PUT vm.delete": () => {
    if (config === null) return;
    if (state !== "Created") shutVm();
    config = null;
    tell("vm", "deleted");
  },
  "PUT vmm.shutdown": () => setTimeout(exit, 1) && undefined,
};

/** Answers as Cloud Hypervisor does: 204 for nothing, and reasons in a list. */
async function answer(request: Request): Promise<Response> {
  const operation = `${request.method} ${new URL(request.url).pathname.replace("/api/v1/", "")}`;
  const text = await request.text();
  try {
    const body = text === "" ? undefined : JSON.parse(text);
    for (const check of checks) {
      const problem = check(operation, body);
      if (problem !== null) throw new Refusal(400, [problem]);
    }
    const result = HANDLERS[operation]?.(body as never);
    return result === undefined ? new Response(null, { status: 204 }) : Response.json(result);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return Response.json(error.reasons, { status: error.status });
  }
}

Deno.addSignalListener("SIGTERM", exit);
setInterval(tick, TICK_MS);

Deno.writeFileSync(`${socket}.lock`, new Uint8Array(), { mode: 0o600 });
Deno.serve({ path: socket, onListen: () => tell("vmm", "starting") }, answer);

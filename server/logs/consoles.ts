/** Serial consoles: what hypervisors append to files becomes lines of the VMs' logs. */
import type { Host } from "../../host/host.ts";
import { Lines } from "../../protocol/lines.ts";
import type { VmStatus } from "../../protocol/vms.ts";
import type { LoggedVm, RawLine, VmLogs } from "./vm_logs.ts";

/** How often consoles are looked at. */
const POLL_INTERVAL_MS = 1_000;
/** What is read of one console at a time; one that is further behind is read on from its end. */
export const CONSOLE_READ_BYTES_MAX = 256 * 1024;

const ENDED: readonly VmStatus[] = ["stopped", "crashed"];

/** What consoles are read with. */
export interface ConsoleParts {
  readonly host: Host;
  readonly logs: Pick<VmLogs, "take" | "forget">;
  /** The VMs that there are. */
  readonly vms: () => readonly LoggedVm[];
  /** The file that the VM's hypervisor appends to. */
  readonly fileOf: (vmId: string) => string;
}

/** Reads the consoles of all VMs until disposed. */
export function readConsoles(parts: ConsoleParts): AsyncDisposable {
  const { clock } = parts.host;
  const ended = new AbortController();
  const consoles = new Map<string, Console>();
  const run = async () => {
    while (!ended.signal.aborted) {
      await readAll(parts, consoles);
      await clock.sleep(POLL_INTERVAL_MS, ended.signal).catch(() => {}); // Ended by disposal.
    }
  };
  const running = run();
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await running;
      await readAll(parts, consoles);
    },
  };
}

async function readAll(parts: ConsoleParts, consoles: Map<string, Console>): Promise<void> {
  const vms = parts.vms();
  const known = new Set(vms.map(({ id }) => id));
  for (const id of consoles.keys()) {
    if (known.has(id)) continue;
    consoles.delete(id);
    await parts.logs.forget(id).catch((error) =>
      parts.host.log("warn", "Logs not removed", { vm: id, error })
    );
  }
  for (const vm of vms) {
    const console = consoles.get(vm.id) ?? new Console(parts.fileOf(vm.id), parts);
    consoles.set(vm.id, console);
    await console.readOn(vm).catch((error) =>
      parts.host.log("warn", "Console not read", { vm: vm.id, error })
    );
  }
}

/** One console. How far it was read stands beside it, so that the next daemon goes on there. */
class Console {
  #offset: number | null = null;
  #isOver = false;
  #read: RawLine[] = [];
  readonly #lines = new Lines((line) => this.#read.push({ stream: "console", line }));

  constructor(private readonly path: string, private readonly parts: ConsoleParts) {}

  /** Reads what is new. A console whose VM has ended is looked at once more, and then no longer. */
  async readOn(vm: LoggedVm): Promise<void> {
    const hasEnded = ENDED.includes(vm.status);
    if (hasEnded && this.#isOver) return;
    this.#isOver = hasEnded;
    const { host, logs } = this.parts;
    const info = await host.files.stat("logs.console:stat", this.path);
    if (info === null) return;
    const offset = this.#offset ?? await this.#kept();
    // A file that has shrunk was emptied, since consoles are bounded, and goes on from its beginning.
    const from = info.size < offset ? 0 : Math.max(offset, info.size - CONSOLE_READ_BYTES_MAX);
    this.#offset = from;
    if (from > offset) this.#read.push(left(from - offset));
    const bytes = await host.files.readFrom(
      "logs.console:read",
      this.path,
      from,
      CONSOLE_READ_BYTES_MAX,
    );
    this.#lines.push(bytes);
    if (hasEnded) this.#lines.end();
    const lines = this.#read.splice(0);
    if (lines.length > 0) logs.take(vm, lines);
    if (bytes.length > 0) await this.#keep(from + bytes.length);
  }

  async #kept(): Promise<number> {
    const info = await this.parts.host.files.stat("logs.console:offset_stat", this.#offsetFile);
    if (info === null) return 0;
    return Number(await this.parts.host.files.readText("logs.console:offset", this.#offsetFile));
  }

  async #keep(offset: number): Promise<void> {
    this.#offset = offset;
    await this.parts.host.files.write("logs.console:keep", this.#offsetFile, String(offset));
  }

  get #offsetFile(): string {
    return `${this.path}.offset`;
  }
}

function left(bytes: number): RawLine {
  return { stream: "console", line: `bytes left out: ${bytes}` };
}

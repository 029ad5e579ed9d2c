/**
 * One action on a VM that is made for it. The VM is deleted whatever happens: here when the action
 * is over, by its time to live when that fails, and by the next daemon when this one dies.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { browserEvaluate } from "../../protocol/act.ts";
import type { Operation, ParsedOf } from "../../protocol/operation.ts";
import { browserOperations } from "../../protocol/operations.ts";
import { browserNavigate } from "../../protocol/pages.ts";
import { ViperError } from "../../protocol/problems.ts";
import { quickFields, type QuickInput } from "../../protocol/quick.ts";
import { vmsCreate, WAIT_TIMEOUT_MS_MAX } from "../../protocol/vm_operations.ts";
import type { Fleet } from "../vms/fleet.ts";
import type { OperationCaller, Relay } from "./relay.ts";

/** How long such a VM may live: longer than any boot and action, and not for ever. */
const QUICK_TTL_MS = 30 * 60_000;
/** Bytes of an agent's answer, which is held until its VM is gone. */
const QUICK_ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Marks the VMs for those who list them. */
const LABEL = "viper.quick";

/** Puts HTML in the place of a blank page. */
const WRITE = `async (html, isLoaded) => {
  document.open();
  document.write(html);
  document.close();
  if (!isLoaded || document.readyState === "complete") return;
  await new Promise((done) => addEventListener("load", done, { once: true }));
}`;

/** Who asks for a quick action. */
export interface QuickCaller extends OperationCaller {
  /** The principal's name. */
  readonly caller: string;
}

/** Does actions on VMs of their own. */
export class QuickActions {
  constructor(
    private readonly fleet: Fleet,
    private readonly relay: Relay,
    private readonly host: Pick<Host, "clock" | "random" | "log">,
  ) {}

  /**
   * Creates a VM, opens the page, acts and deletes the VM. The answer is the agent's, good or bad.
   *
   * @throws {ViperError} what creating a VM and reaching its agent can meet
   */
  async run(
    key: keyof typeof browserOperations,
    input: QuickInput,
    caller: QuickCaller,
  ): Promise<Response> {
    const action: Operation = browserOperations[key];
    const name = `quick-${this.host.random.uuid().slice(0, 18)}`;
    try {
      await this.#boot(name, action, input, caller);
      const endsAtMs = this.host.clock.monotonicMs() + input.timeout_ms;
      const call = (operation: Operation, members: object, accept: string) => {
        const leftMs = Math.max(1, Math.ceil(endsAtMs - this.host.clock.monotonicMs()));
        const whole = { ...members, timeout_ms: Math.min(leftMs, input.timeout_ms) };
        return this.relay.call(name, operation, whole, { ...caller, accept });
      };
      const opened = await call(...opening(input), "application/json");
      if (!opened.ok) return await held(opened);
      await opened.body?.cancel();
      return await held(await call(action, optionsOf(input), caller.accept));
    } finally {
      await this.#delete(name);
    }
  }

  async #boot(
    name: string,
    action: Operation,
    input: QuickInput,
    { caller, signal }: QuickCaller,
  ): Promise<void> {
    const { cpu_cores, memory_mb, image, layout, egress, wait_ms, viewport } = input;
    const settings: ParsedOf<typeof vmsCreate> = {
      ...vmsCreate.input.parse({ name, labels: { [LABEL]: action.name }, ttl_ms: QUICK_TTL_MS }),
      ...{ cpu_cores, memory_mb, image, layout, egress, wait_ms },
    };
    const chrome = viewport === undefined ? settings.chrome : { ...settings.chrome, viewport };
    const requester = { caller, idempotencyKey: null, signal, ephemeral: true };
    await this.fleet.create({ ...settings, chrome }, requester);
    const vm = await this.fleet.wait({ name, timeout_ms: WAIT_TIMEOUT_MS_MAX }, signal);
    if (vm.status === "running") return;
    const reason = vm.reason ?? `it is ${vm.status}`;
    throw new ViperError("vm_start_failed", `Cannot start a VM for ${action.name}: ${reason}`);
  }

  async #delete(name: string): Promise<void> {
    try {
      await this.fleet.delete(name);
    } catch (error) {
      if (error instanceof ViperError && error.code === "vm_not_found") return;
      this.host.log("error", "VM of a quick action not deleted; its time to live does", {
        ...{ vm: name, error },
      });
    }
  }
}

/** How the page is opened. */
function opening({ url, html, wait_until }: QuickInput): [Operation, object] {
  if (html === undefined) return [browserNavigate, { url, wait_until }];
  return [browserEvaluate, { expression: WRITE, args: [html, wait_until === "load"] }];
}

/** What is left for the action. */
function optionsOf(input: QuickInput): object {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !(name in quickFields)));
}

/** The answer with its body read to its end, since its VM is about to go. */
async function held(response: Response): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > QUICK_ANSWER_BYTES_MAX) {
      const most = `${QUICK_ANSWER_BYTES_MAX} bytes`;
      throw new ViperError("result_too_large", `Cannot take an answer of more than ${most}`);
    }
    chunks.push(chunk);
  }
  const { status, headers } = response;
  return new Response(new Blob(chunks), { status, headers });
}

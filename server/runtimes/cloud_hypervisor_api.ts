/**
 * Cloud Hypervisor's REST API: HTTP/1.1 on a Unix socket, one request at a time.
 * https://github.com/cloud-hypervisor/cloud-hypervisor/blob/v53.0/docs/api.md
 *
 * @module
 */
import * as z from "zod";
import type { Host, HttpPool } from "../../host/host.ts";
import type { VmConfig } from "./cloud_hypervisor_config.ts";
import { within } from "./within.ts";

/** How long an answer may take, in milliseconds; a boot reads kernel and initramfs. */
const ANSWER_TIMEOUT_MS = 10_000;
const BOOT_TIMEOUT_MS = 60_000;
/** Bytes of an answer; `vm.info` has some 10 KB. */
const ANSWER_BYTES_MAX = 1024 * 1024;

const pong = z.object({ version: z.string() });
const vmInfo = z.object({
  state: z.enum(["Created", "Running", "Shutdown", "Paused", "BreakPoint"]),
});
/** What a refused request is answered with: the outermost reason first. */
const reasons = z.array(z.string());

/** What `vm.info` tells of the VM. */
export type VmState = z.infer<typeof vmInfo>["state"];

/** Cloud Hypervisor refused, did not answer in time, or could not be reached. */
export class CloudHypervisorError extends Error {
  override readonly name = "CloudHypervisorError";

  constructor(
    message: string,
    /** Of the answer; `null` when there was none. */
    readonly status: number | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One Cloud Hypervisor to ask; every call is bounded in time. */
export class CloudHypervisorApi implements Disposable {
  readonly #pool: HttpPool;
  #isOpen = true;

  constructor(private readonly host: Host, socket: string) {
    this.#pool = host.net.openPool("runtime.cloud_hypervisor:pool", { socket });
  }

  /** @returns the version of the program that answers, such as `53.0.0` */
  async ping(timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<string> {
    return pong.parse(await this.#call("GET", "vmm.ping", { timeoutMs })).version;
  }

  async state(timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<VmState> {
    return vmInfo.parse(await this.#call("GET", "vm.info", { timeoutMs })).state;
  }

  async create(config: VmConfig): Promise<void> {
    await this.#call("PUT", "vm.create", { body: config });
  }

  async boot(): Promise<void> {
    await this.#call("PUT", "vm.boot", { timeoutMs: BOOT_TIMEOUT_MS });
  }

  /** Without a body, and with nothing in the answer that is of use. */
  async put(
    path: "vm.pause" | "vm.resume" | "vm.power-button" | "vm.delete" | "vmm.shutdown",
    timeoutMs: number = ANSWER_TIMEOUT_MS,
  ): Promise<void> {
    await this.#call("PUT", path, { timeoutMs });
  }

  /** Hangs up; requests under way are rejected. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#pool[Symbol.dispose]();
    this.#isOpen = false;
  }

  async #call(
    method: "GET" | "PUT",
    path: string,
    { body, timeoutMs = ANSWER_TIMEOUT_MS }: { body?: VmConfig; timeoutMs?: number },
  ): Promise<unknown> {
    const late = new AbortController();
    const init: RequestInit = { method, signal: late.signal };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { "content-type": "application/json" };
    }
    try {
      return await within(
        this.host.clock,
        timeoutMs,
        this.#exchange(path, init),
        () => new CloudHypervisorError(`No answer to "${path}" within ${timeoutMs} ms`, null),
      );
    } finally {
      late.abort();
    }
  }

  /** @throws {CloudHypervisorError} */
  async #exchange(path: string, init: RequestInit): Promise<unknown> {
    const label = `runtime.cloud_hypervisor:${path.replaceAll(/[.-]/g, "_")}`;
    if (!this.#isOpen) throw new CloudHypervisorError(`Cannot ask "${path}": hung up`, null);
    try {
      const response = await this.#pool.fetch(label, `http://localhost/api/v1/${path}`, init);
      const text = await boundedText(response);
      if (!response.ok) {
        throw new CloudHypervisorError(quoted(path, response.status, text), response.status);
      }
      return text === "" ? null : JSON.parse(text);
    } catch (cause) {
      if (cause instanceof CloudHypervisorError) throw cause;
      throw new CloudHypervisorError(`Cannot ask "${path}"`, null, { cause });
    }
  }
}

/** What Cloud Hypervisor said itself, from the outermost reason to the innermost. */
function quoted(path: string, status: number, text: string): string {
  const said = reasons.safeParse(parseJson(text));
  const reason = said.success ? said.data.join(": ") : text;
  return `"${path}" is answered with ${status}: ${reason || "nothing"}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A hypervisor that its guest has taken over may answer without end. */
async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) {
      throw new CloudHypervisorError(`An answer has over ${ANSWER_BYTES_MAX} bytes`, null);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

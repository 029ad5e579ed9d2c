/**
 * The guest-facing listener: what a VM may say to the daemon, and nothing else. A guest speaks
 * from its own address and signs with its own key.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { Clock, Host } from "../../host/host.ts";
import {
  createApp,
  identifyRequests,
  mount,
  nameSpans,
  type OnServerError,
} from "../../protocol/http_server.ts";
import { maskLine } from "../../protocol/masking.ts";
import { guestOperations } from "../../protocol/operations.ts";
import { ViperError } from "../../protocol/problems.ts";
import { VM_HEADER } from "../../protocol/signature.ts";
import { Verifier } from "../../protocol/verifier.ts";
import { plainText } from "../logs/plain_text.ts";
import type { VmLogs } from "../logs/vm_logs.ts";
import type { Fleet } from "../vms/fleet.ts";

/** Bytes of what a guest may say at once. */
export const GUEST_BODY_BYTES_MAX = 256 * 1024;

/** What the listener knows of a request beside its words. */
export interface GuestEnv {
  readonly Bindings: { readonly peer: string };
}

/** Who speaks, known for sure. */
interface Guest {
  readonly vmId: string;
  readonly peer: string;
}

/** What the app for guests speaks to. */
export interface GuestParts {
  readonly fleet: Fleet;
  readonly logs: VmLogs;
  readonly host: Pick<Host, "clock" | "random" | "telemetry">;
  readonly onServerError: OnServerError;
  /** Told how long an agent says that it needed, before its word counts. */
  readonly onAnnounce: (vmId: string, readyMs: number) => void;
}

/** The app that answers guests. */
export function guestApp(
  { fleet, logs, host, onServerError, onAnnounce }: GuestParts,
): Hono {
  const app = createApp(onServerError);
  identifyRequests(app, host.random.uuid);
  // A guest that is killed cannot hang up: what it left open would stay open for ever.
  app.use(async (c, next) => {
    await next();
    c.header("connection", "close");
  });
  nameSpans(app, host.telemetry);
  const verifiers = new Verifiers(fleet, host.clock);
  mount(app, guestOperations, {
    announce: async (input, { vmId, peer }: Guest) => {
      if (input.vm_id !== vmId) throw unauthorized(input.vm_id);
      onAnnounce(vmId, input.ready_ms);
      await fleet.announce(vmId, {
        url: `http://${peer}:${input.port}`,
        browserRestarts: input.browser_restarts,
        browserEnded: input.browser_ended === undefined ? undefined : clean(input.browser_ended),
      });
      return { status: "ok" as const };
    },
    logs: async (input, { vmId }: Guest) => {
      const vm = fleet.rowById(vmId);
      if (input.vm_id !== vmId || vm === undefined) throw unauthorized(input.vm_id);
      logs.take(vm, input.lines, input.dropped);
      return await Promise.resolve({ status: "ok" as const });
    },
    pageCrashed: async ({ vm_id, page, url, reason }, { vmId }: Guest) => {
      if (vm_id !== vmId) throw unauthorized(vm_id);
      await fleet.pageCrashed(vmId, { page: clean(page), url: clean(url), reason });
      return { status: "ok" as const };
    },
  }, {
    contextOf: async (c: Context): Promise<Guest> => {
      const { peer } = c.env;
      const vmId = c.req.header(VM_HEADER) ?? "";
      // One answer for a wrong id, address or key, so that ids cannot be probed.
      const verifier = verifiers.of(vmId, peer);
      if (verifier === null) throw unauthorized(vmId);
      c.req.raw = await verifier.verify(c.req.raw, GUEST_BODY_BYTES_MAX).catch((error) => {
        throw error.code === "unauthorized" ? unauthorized(vmId) : error;
      });
      return { vmId, peer };
    },
  });
  return app;
}

/** A verifier for each VM that has spoken, as long as the VM has its row. */
class Verifiers {
  readonly #known = new Map<string, Verifier>();

  constructor(private readonly fleet: Fleet, private readonly clock: Clock) {}

  /** `null` unless the VM exists and speaks from its own address. */
  of(vmId: string, peer: string): Verifier | null {
    const row = this.fleet.rowById(vmId);
    if (row === undefined || !isFrom(peer, row.ip_address)) return null;
    const known = this.#known.get(vmId);
    if (known !== undefined) return known;
    if (this.#known.size >= this.fleet.count()) this.#forgetGone();
    const verifier = new Verifier(row.token, "daemon", this.clock);
    this.#known.set(vmId, verifier);
    return verifier;
  }

  #forgetGone(): void {
    for (const vmId of this.#known.keys()) {
      if (this.fleet.rowById(vmId) === undefined) this.#known.delete(vmId);
    }
  }
}

/** A guest's words as nobody's secret, and as text that does nothing to who reads it. */
function clean(text: string): string {
  return maskLine(plainText(text));
}

function unauthorized(vmId: string): ViperError {
  return new ViperError("unauthorized", `Cannot accept what VM "${vmId}" is said to say`);
}

/** A VM without a lease runs on loopback. */
function isFrom(peer: string, leased: string | null): boolean {
  return peer === (leased ?? "127.0.0.1");
}

/**
 * One VM and the only writer of its state. Requests, its machine's own end and its watches enter
 * one queue; `states.ts` says which of them is legal where.
 *
 * @module
 */
import type { PageCrashReason } from "../../protocol/guest.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { VmRow } from "../store/vm_rows.ts";
import type { AgentLink } from "./incarnation.ts";
import { NETWORK_LOST, startError } from "./crash.ts";
import { Lifecycle, type VmParts } from "./lifecycle.ts";
import { recover } from "./recovery.ts";
import { isLive } from "./states.ts";
import { VmQueue } from "./vm_queue.ts";

/** What an agent says of itself. */
export interface Announcement {
  readonly url: string;
  readonly browserRestarts: number;
  /** Why the browser had to be started again. */
  readonly browserEnded?: string | undefined;
}

/** What an agent says of a page that is no more. */
export interface PageCrash {
  readonly page: string;
  readonly url: string;
  readonly reason: PageCrashReason;
}

const PAGE_ENDS: Readonly<Record<PageCrashReason, string>> = {
  crashed: "a page crashed",
  out_of_memory: "the guest ran out of memory, and its kernel ended a page",
};

/** One VM. */
export class Vm {
  readonly #queue: VmQueue;
  readonly #lifecycle: Lifecycle;

  constructor(readonly id: string, private readonly parts: VmParts) {
    this.#queue = new VmQueue(id);
    this.#lifecycle = new Lifecycle(id, this.#queue, parts);
  }

  /** The agent's address while the VM runs. */
  get agent(): AgentLink | null {
    return this.#lifecycle.life?.agent ?? null;
  }

  get #record() {
    return this.#lifecycle.record;
  }

  /** The first boot; a failure takes the VM away again, row and all, and is thrown. */
  create(): Promise<void> {
    return this.#queue.enqueue(async () => {
      const row = this.#record.require();
      try {
        await this.#lifecycle.boot(row);
      } catch (error) {
        await this.#lifecycle.rollBack(row, error);
        throw startError(row.name, error);
      }
      this.#lifecycle.lifetime.watchExpiry(row);
    });
  }

  /** Boots a VM that is not up. @throws {ViperError} `vm_busy` */
  start(): Promise<void> {
    return this.#queue.accept(() => this.#lifecycle.startAgain(0));
  }

  /** Powers off: the guest has `graceMs` for it. One that is not up will not start by itself. */
  stop(graceMs: number): Promise<void> {
    return this.#queue.accept(async () => {
      this.#lifecycle.cancelRestart();
      if (isLive(this.#record.require().status)) await this.#lifecycle.halt(graceMs);
      else this.#record.apply("stop");
    });
  }

  /** Ends the machine with the daemon; a VM that has gone meanwhile is fine. */
  end(): Promise<void> {
    return this.#queue.enqueue(async () => {
      this.#lifecycle.cancelAll();
      const row = this.#record.row();
      if (row !== undefined && isLive(row.status)) await this.#lifecycle.halt(0);
    });
  }

  /** Stops a VM, if it is up, and boots it; one that could not boot again is not stopped. */
  restart(graceMs: number): Promise<void> {
    return this.#queue.accept(async () => {
      const row = this.#record.require();
      await this.#lifecycle.assertStartable(row);
      if (isLive(row.status)) await this.#lifecycle.halt(graceMs);
      await this.#lifecycle.startAgain(0);
    });
  }

  /** Makes what the browser holds the VM's profile, now. */
  saveProfile(): Promise<void> {
    return this.#queue.accept(() => this.#lifecycle.login.save(this.#lifecycle.life));
  }

  pause(): Promise<void> {
    return this.#queue.accept(async () => {
      this.#record.demand("pause");
      await this.#lifecycle.life?.machine.pause();
      this.#record.apply("pause");
    });
  }

  resume(): Promise<void> {
    return this.#queue.accept(async () => {
      this.#record.demand("resume");
      await this.#lifecycle.life?.machine.resume();
      this.#record.apply("resume");
    });
  }

  /** Changes what the guest may reach, now and after each later start. */
  setEgress(egress: VmRow["settings"]["egress"]): Promise<void> {
    return this.#queue.accept(async () => {
      const row = this.#record.require();
      this.#lifecycle.footprint.assertNetwork(row.name);
      // Stored first: a repair of the network applies what is stored.
      this.#record.amend({ settings: { ...row.settings, egress } });
      if (!isLive(row.status)) return;
      await this.#lifecycle.footprint.setEgress(egress).catch((error) => {
        this.#record.amend({ settings: row.settings });
        throw error;
      });
    });
  }

  /** The agent is ready, for the first time or with a new browser. */
  announce({ url, browserRestarts, browserEnded: message }: Announcement): Promise<void> {
    return this.#queue.accept(() => {
      const row = this.#record.demand("announce");
      const { life } = this.#lifecycle;
      if (life === null) {
        throw new ViperError("vm_busy", `Cannot announce VM "${row.name}": it has no machine`);
      }
      if (row.status === "starting") {
        return this.#lifecycle.greet(life, row, url);
      }
      if (life.agent?.url !== url) {
        life.connect(url, row.token);
        this.#record.amend({ agent_url: url });
      }
      if (row.profile !== null) this.#lifecycle.login.renew(life, row.profile);
      if (life.isNews(browserRestarts)) {
        this.#record.apply("announce", {}, { type: "VM_BROWSER_RESTARTED", message });
      }
    });
  }

  /** Tells of it, as long as this VM has not told of too many. */
  pageCrashed({ page, url, reason }: PageCrash): Promise<void> {
    return this.#queue.accept(() => {
      const row = this.#record.require();
      if (!this.#lifecycle.life?.mayTellCrash()) return;
      const told = { type: "VM_PAGE_CRASHED", message: PAGE_ENDS[reason] } as const;
      this.#record.publish(row, { ...told, page: { id: page, url } });
    });
  }

  /** Stops, then removes the row; its lease goes with it. */
  remove(message?: string): Promise<void> {
    return this.#lifecycle.hurry(() =>
      this.#queue.accept(async () => {
        const { footprint } = this.#lifecycle;
        const row = this.#record.require();
        this.#lifecycle.cancelRestart();
        if (isLive(row.status)) await this.#lifecycle.halt(0);
        else await footprint.release({ ref: null });
        await footprint.removeLog();
        // What the halt has to say, there being no row to say it any more.
        const unsaved = isLive(row.status) ? this.#record.require().reason : null;
        this.#record.apply("remove", {}, { message: message ?? unsaved ?? undefined });
        this.#lifecycle.cancelAll();
      })
    );
  }

  /** Takes a row of an earlier daemon to where it really stands: adopted, or crashed. */
  recover(): Promise<void> {
    return this.#queue.enqueue(() => recover(this.#lifecycle, this.parts.closing));
  }

  /** Ends a machine whose tap is gone. It may have another by now, or none. */
  loseTap(): Promise<void> {
    return this.#queue.enqueue(async () => {
      const owners = await this.parts.footprint.taps?.tapOwners() ?? [];
      if (this.#lifecycle.life === null || owners.includes(this.id)) return;
      await this.#lifecycle.crash("exit", NETWORK_LOST);
    });
  }

  /** Lets go of the machine, which runs on for the next daemon. */
  letGo(): Promise<void> {
    return this.#queue.enqueue(() => this.#lifecycle.letGo());
  }

  /** Cleans up after a VM whose row is gone. */
  sweep(): Promise<void> {
    return this.#queue.enqueue(async () => {
      await this.#lifecycle.footprint.release({ ref: null });
      await this.#lifecycle.footprint.removeLog();
    });
  }

  /** Resolves when what has been asked for until now is done. */
  settled(): Promise<void> {
    return this.#queue.enqueue(() => {});
  }
}

/** What every action has in common: its turn, its page and its end. */
import type { CDPSession, Page } from "puppeteer-core";
import type { Clock, Telemetry } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";
import type { SupervisedBrowser } from "./browser.ts";
import { Deadline } from "./deadline.ts";
import type { PageRecord } from "./records/page_record.ts";
import type { Refs } from "./refs.ts";
import { Turns } from "./turns.ts";

/** What an action works with. */
export interface ActionContext {
  readonly page: Page;
  readonly cdp: CDPSession;
  /** What snapshots named the page's elements. */
  readonly refs: Refs;
  /** What is kept of the page's life. */
  readonly record: PageRecord;
  readonly deadline: Deadline;
  readonly clock: Clock;
}

/** What is known of a call beside its input. */
export interface Call {
  /** Aborted when the caller has hung up. */
  readonly signal: AbortSignal;
}

/** What every action's input has. */
export interface ActionInput {
  readonly timeout_ms: number;
  /** The page to act on; the active one when left out. */
  readonly page?: string | undefined;
}

/** Makes a handler; `name` completes the sentence "Cannot …". */
export type HandlerOf = <Input extends ActionInput, Output>(
  name: (input: Input) => string,
  action: (input: Input, context: ActionContext) => Promise<Output>,
) => (input: Input, call: Call) => Promise<Output>;

/** Runs actions one after another on the active page, each within its deadline. */
export class ActionRunner {
  readonly #clock: Clock;
  readonly #browser: SupervisedBrowser;
  readonly #telemetry: Telemetry | null;
  readonly #turns = new Turns();

  constructor(clock: Clock, browser: SupervisedBrowser, telemetry: Telemetry | null) {
    this.#telemetry = telemetry;
    this.#clock = clock;
    this.#browser = browser;
  }

  /**
   * `action` completes the sentence "Cannot …".
   *
   * @throws {ViperError} `timeout`, `page_not_found`, `browser_unavailable`, or what the work
   * throws
   */
  async run<T>(
    action: string,
    input: ActionInput,
    call: Call,
    work: (context: ActionContext) => Promise<T>,
  ): Promise<T> {
    using deadline = new Deadline(this.#clock, action, input.timeout_ms, [call.signal]);
    using _turn = await this.#turns.take(deadline);
    return await this.#work(deadline, input, work);
  }

  /** The same for what looks at a page and leaves it alone: it waits for no action. */
  async glance<T>(
    action: string,
    input: ActionInput,
    call: Call,
    work: (context: ActionContext) => Promise<T>,
  ): Promise<T> {
    using deadline = new Deadline(this.#clock, action, input.timeout_ms, [call.signal]);
    return await this.#work(deadline, input, work);
  }

  async #work<T>(
    deadline: Deadline,
    input: ActionInput,
    work: (context: ActionContext) => Promise<T>,
  ): Promise<T> {
    const session = await deadline.race("Chrome", this.#browser.nextSession());
    deadline.follow(session.life);
    const { gone, ...open } = await deadline.race(
      "a page",
      session.pages.chosen(input.page, deadline.action),
    );
    deadline.follow(gone);
    try {
      const job = () => work({ ...open, deadline, clock: this.#clock });
      return await (this.#telemetry?.span("action", job) ?? job());
    } catch (error) {
      // When page or Chrome goes away, the action fails in many ways, and this is their reason.
      if (deadline.signal.aborted && !(error instanceof ViperError)) throw deadline.signal.reason;
      throw error;
    }
  }
}

/** What every action has in common: its turn, its page and its end. */
import type { Clock, Telemetry } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";
import type { SupervisedBrowser } from "./browser.ts";
import { Deadline } from "./deadline.ts";
import type { OpenPage } from "./open_page.ts";
import type { Pages } from "./pages.ts";
import { whileOpen } from "./while_open.ts";

/** What an action works with. */
export interface ActionContext extends OpenPage {
  readonly deadline: Deadline;
  readonly clock: Clock;
}

/** What an action on no one page works with. */
export interface BrowserContext {
  readonly pages: Pages;
  readonly deadline: Deadline;
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

/** Makes the handler of an action on a page; `name` completes the sentence "Cannot …". */
export type HandlerOf = <Input extends ActionInput, Output>(
  name: (input: Input) => string,
  action: (input: Input, context: ActionContext) => Promise<Output>,
) => (input: Input, call: Call) => Promise<Output>;

/** Makes the handler of an action that takes no turn on a page. */
export type BrowserHandlerOf = <Input extends ActionInput, Output>(
  name: (input: Input) => string,
  action: (input: Input, context: BrowserContext) => Promise<Output>,
) => (input: Input, call: Call) => Promise<Output>;

/** Runs actions within their deadlines, those on one page one after another. */
export class ActionRunner {
  readonly #clock: Clock;
  readonly #browser: SupervisedBrowser;
  readonly #telemetry: Telemetry | null;

  constructor(clock: Clock, browser: SupervisedBrowser, telemetry: Telemetry | null) {
    this.#telemetry = telemetry;
    this.#clock = clock;
    this.#browser = browser;
  }

  /**
   * Runs an action on a page, once it has its turn. `action` completes the sentence "Cannot …".
   *
   * @throws {ViperError} `timeout`, `page_not_found` also when it is closed meanwhile,
   * `page_crashed`, `dialog_open`, `browser_unavailable`, or what the work throws
   */
  async run<T>(
    action: string,
    input: ActionInput,
    call: Call,
    work: (context: ActionContext) => Promise<T>,
  ): Promise<T> {
    return await this.drive(action, input, call, async (context) => {
      using _guard = context.dialogs.guard(context.deadline);
      return await work(context);
    });
  }

  /** The same for what drives the page by itself: dialogs are its own affair. */
  async drive<T>(
    action: string,
    input: ActionInput,
    call: Call,
    work: (context: ActionContext) => Promise<T>,
  ): Promise<T> {
    return await this.runOnBrowser(action, input, call, async ({ pages, deadline }) => {
      const { open, turn } = await turnOn(input.page, pages, deadline);
      using _turn = turn;
      return await whileOpen(open, deadline, () => work({ ...open, deadline, clock: this.#clock }));
    });
  }

  /** The same for what looks at a page and leaves it alone: it waits for no action or dialog. */
  async glance<T>(
    action: string,
    input: ActionInput,
    call: Call,
    work: (context: ActionContext) => Promise<T>,
  ): Promise<T> {
    return await this.runOnBrowser(action, input, call, async ({ pages, deadline }) => {
      const open = await deadline.race("a page", pages.chosen(input.page, action));
      return await whileOpen(open, deadline, () => work({ ...open, deadline, clock: this.#clock }));
    });
  }

  /** Runs an action on the browser at once, whatever its pages do. */
  async runOnBrowser<T>(
    action: string,
    input: ActionInput,
    call: Call,
    work: (context: BrowserContext) => Promise<T>,
  ): Promise<T> {
    using deadline = new Deadline(this.#clock, action, input.timeout_ms, [call.signal]);
    const session = await deadline.race("Chrome", this.#browser.nextSession());
    deadline.follow(session.life);
    try {
      const job = () => work({ pages: session.pages, deadline });
      return await (this.#telemetry?.span("action", job) ?? job());
    } catch (error) {
      // When page or Chrome goes away, the action fails in many ways, and this is their reason.
      if (deadline.signal.aborted && !(error instanceof ViperError)) throw deadline.signal.reason;
      throw error;
    }
  }
}

/** The page that the action goes to, when all actions before it on that page are done. */
async function turnOn(id: string | undefined, pages: Pages, deadline: Deadline) {
  while (true) {
    const open = await deadline.race("a page", pages.chosen(id, deadline.action));
    const turn = await open.turns.take(deadline);
    // The actions before it may have opened or closed pages.
    if (id !== undefined || await deadline.race("a page", pages.active()) === open) {
      return { open, turn };
    }
    turn[Symbol.dispose]();
  }
}

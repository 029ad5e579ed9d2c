/** What a page asks by alert, confirm and prompt, and who answers. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { Log } from "../host/host.ts";
import type { DialogPolicy, PageDialog } from "../protocol/pages.ts";
import { ViperError } from "../protocol/problems.ts";
import type { Deadline } from "./deadline.ts";
import { quote } from "./quote.ts";

/** What all pages share. */
export interface DialogRules {
  policy: DialogPolicy;
  /** Whether a DevTools client may be there, to whom dialogs are left. */
  readonly isShared: () => boolean;
}

/** A dialog, without the page it is of. */
export type Dialog = Omit<PageDialog, "page">;

/**
 * The dialog of one page, of which there is never more than one: it stops the page's scripts, and
 * with them every action on it.
 */
export class Dialogs {
  readonly #cdp: CDPSession;
  readonly #rules: DialogRules;
  readonly #log: Log;
  readonly #listeners = new Set<(dialog: Dialog) => void>();
  #open: Dialog | null = null;

  private constructor(cdp: CDPSession, rules: DialogRules, log: Log) {
    this.#cdp = cdp;
    this.#rules = rules;
    this.#log = log;
  }

  /** From now on; the session has its Page domain enabled. */
  static watch(cdp: CDPSession, rules: DialogRules, log: Log): Dialogs {
    const dialogs = new Dialogs(cdp, rules, log);
    cdp.on("Page.javascriptDialogOpening", (event) => dialogs.#onOpening(event));
    cdp.on("Page.javascriptDialogClosed", () => dialogs.#open = null);
    return dialogs;
  }

  /** The dialog that stands open. */
  get open(): Dialog | null {
    return this.#open;
  }

  /**
   * Ends the deadline when a dialog opens, until the result is disposed.
   *
   * @throws {ViperError} `dialog_open` when one is open already
   */
  guard(deadline: Deadline): Disposable {
    const reason = (dialog: Dialog) =>
      new ViperError(
        "dialog_open",
        `Cannot ${deadline.action}: the page shows the ${dialog.type} ${quote(dialog.message)}`,
      );
    if (this.#open !== null) throw reason(this.#open);
    const onOpen = (dialog: Dialog) => deadline.end(reason(dialog));
    this.#listeners.add(onOpen);
    return { [Symbol.dispose]: () => void this.#listeners.delete(onOpen) };
  }

  /** Answers the open dialog. @throws {ViperError} `dialog_not_found` when there is none */
  async answer(accept: boolean, text: string | undefined, deadline: Deadline): Promise<void> {
    const none = () =>
      new ViperError("dialog_not_found", `Cannot ${deadline.action}: the page shows none`);
    const dialog = this.#open;
    if (dialog === null) throw none();
    const promptText = text ?? dialog.default_text;
    try {
      await deadline.race(
        "Chrome to close the dialog",
        this.#cdp.send("Page.handleJavaScriptDialog", {
          accept,
          ...(promptText === undefined ? {} : { promptText }),
        }),
      );
    } catch (error) {
      deadline.signal.throwIfAborted();
      // Another client, or the page's end, was faster.
      throw new ViperError("dialog_not_found", none().message, { cause: error });
    }
    if (this.#open === dialog) this.#open = null;
  }

  #onOpening(
    { type, message, defaultPrompt }: Protocol.Page.JavascriptDialogOpeningEvent,
  ): void {
    // To accept "leave this page?" is to let the navigation go on that was asked for.
    const isLeaving = type === "beforeunload";
    const answer = isLeaving ? "accept" : this.#rules.policy;
    const isLeft = this.#rules.isShared();
    if (isLeaving && isLeft) return;
    if (isLeaving || !isLeft && answer !== "hold") {
      this.#log("info", "Answered a dialog", { type, text: quote(message), answer });
      this.#cdp.send("Page.handleJavaScriptDialog", {
        accept: answer === "accept",
        ...(defaultPrompt === undefined ? {} : { promptText: defaultPrompt }),
      }).catch(() => {}); // The page may be gone, and the dialog with it.
      return;
    }
    const isPrompt = type === "prompt";
    const dialog = {
      type,
      message,
      ...(isPrompt ? { default_text: defaultPrompt ?? "" } : {}),
    };
    this.#open = dialog;
    for (const listener of this.#listeners) listener(dialog);
  }
}

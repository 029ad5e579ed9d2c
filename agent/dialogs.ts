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
  readonly #opener: Dialogs | undefined;
  readonly #listeners = new Set<(dialog: Dialog) => void>();
  readonly #popupListeners = new Set<(dialog: Dialog) => void>();
  #open: Dialog | null = null;
  #opening = Promise.withResolvers<void>();

  private constructor(cdp: CDPSession, rules: DialogRules, log: Log, opener?: Dialogs) {
    this.#cdp = cdp;
    this.#opener = opener;
    this.#rules = rules;
    this.#log = log;
  }

  /** From now on; the session has its Page domain enabled. `opener`: of the page that opened it. */
  static watch(cdp: CDPSession, rules: DialogRules, log: Log, opener?: Dialogs): Dialogs {
    const dialogs = new Dialogs(cdp, rules, log, opener);
    cdp.on("Page.javascriptDialogOpening", (event) => dialogs.#onOpening(event));
    cdp.on("Page.javascriptDialogClosed", () => dialogs.#close());
    return dialogs;
  }

  /** The dialog that stands open. */
  get open(): Dialog | null {
    return this.#open;
  }

  /** Resolves when a dialog stands open. */
  get opened(): Promise<void> {
    return this.#opening.promise;
  }

  /** @throws {ViperError} `dialog_open` when one is; `action` completes the sentence "Cannot …" */
  refuse(action: string): void {
    if (this.#open !== null) throw reason(action, this.#open);
  }

  /**
   * Ends the deadline when a dialog opens, until the result is disposed.
   *
   * @throws {ViperError} `dialog_open` when one is open already
   */
  guard(deadline: Deadline): Disposable {
    this.refuse(deadline.action);
    const onOpen = (dialog: Dialog) => deadline.end(reason(deadline.action, dialog));
    this.#listeners.add(onOpen);
    return { [Symbol.dispose]: () => void this.#listeners.delete(onOpen) };
  }

  /**
   * Ends the deadline when a page that this one opens asks something, until the result is disposed:
   * the two may be one process, which stops then.
   */
  guardPopups(deadline: Deadline): Disposable & { readonly isAsking: boolean } {
    let isAsking = false;
    const onOpen = (dialog: Dialog) => {
      isAsking = true;
      deadline.end(reason(deadline.action, dialog));
    };
    this.#popupListeners.add(onOpen);
    return {
      get isAsking() {
        return isAsking;
      },
      [Symbol.dispose]: () => void this.#popupListeners.delete(onOpen),
    };
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
    if (this.#open === dialog) this.#close();
  }

  /** A page that this one opened asks something. */
  onPopupAsking(dialog: Dialog): void {
    for (const listener of this.#popupListeners) listener(dialog);
  }

  #close(): void {
    if (this.#open !== null) this.#opening = Promise.withResolvers();
    this.#open = null;
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
    this.#opening.resolve();
    for (const listener of this.#listeners) listener(dialog);
    this.#opener?.onPopupAsking(dialog);
  }
}

function reason(action: string, { type, message }: Dialog): ViperError {
  return new ViperError(
    "dialog_open",
    `Cannot ${action}: the page shows the ${type} ${quote(message)}`,
  );
}

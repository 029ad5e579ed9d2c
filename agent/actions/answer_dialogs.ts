/** Dialogs, listed and answered. */
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type {
  browserDialogsAccept,
  browserDialogsDismiss,
  browserDialogsList,
  browserDialogsPolicy,
} from "../../protocol/pages.ts";
import type { BrowserContext } from "../action_runner.ts";

export async function listDialogs(
  _: ParsedOf<typeof browserDialogsList>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserDialogsList>> {
  await deadline.race("a page", pages.active());
  return { dialogs: [...pages.dialogs.open] };
}

export async function acceptDialog(
  { page, text }: ParsedOf<typeof browserDialogsAccept>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserDialogsAccept>> {
  const dialogs = await deadline.race("a page", pages.dialogsOf(page, deadline.action));
  await dialogs.answer(true, text, deadline);
  return { status: "ok" };
}

export async function dismissDialog(
  { page }: ParsedOf<typeof browserDialogsDismiss>,
  { pages, deadline }: BrowserContext,
): Promise<OutputOf<typeof browserDialogsDismiss>> {
  const dialogs = await deadline.race("a page", pages.dialogsOf(page, deadline.action));
  await dialogs.answer(false, undefined, deadline);
  return { status: "ok" };
}

/** Holds for all pages, also of the next Chrome. */
export function setDialogPolicy(
  { policy }: ParsedOf<typeof browserDialogsPolicy>,
  { pages }: BrowserContext,
): Promise<OutputOf<typeof browserDialogsPolicy>> {
  pages.dialogs.rules.policy = policy;
  return Promise.resolve({ status: "ok" });
}

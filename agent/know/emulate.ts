import type {
  browserEmulate,
  browserEmulation,
  browserResetEmulation,
  browserUserAgent,
  browserViewport,
  EmulationSettings,
} from "../../protocol/emulation.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";

/** Changes what pages believe, and tells what is in force. */
export async function emulate(
  { page, timeout_ms: _, ...change }: ParsedOf<typeof browserEmulate>,
  context: ActionContext,
): Promise<OutputOf<typeof browserEmulate>> {
  await heard(context, context.emulations.change(change, page));
  return { status: "ok", settings: told(context.emulations.of(page)) };
}

/** Tells what is in force. */
export function emulation(
  { page }: ParsedOf<typeof browserEmulation>,
  { emulations }: ActionContext,
): Promise<OutputOf<typeof browserEmulation>> {
  return Promise.resolve({ settings: told(emulations.of(page)) });
}

/** Takes everything back. */
export async function resetEmulation(
  { page }: ParsedOf<typeof browserResetEmulation>,
  context: ActionContext,
): Promise<OutputOf<typeof browserResetEmulation>> {
  await heard(context, context.emulations.reset(page));
  return { status: "ok" };
}

/** Sets the size of pages. */
export async function setViewport(
  { page, timeout_ms: _, ...viewport }: ParsedOf<typeof browserViewport>,
  context: ActionContext,
): Promise<OutputOf<typeof browserViewport>> {
  await heard(context, context.emulations.change({ viewport }, page));
  return { status: "ok" };
}

/** Sets the user agent of pages. */
export async function setUserAgent(
  { page, timeout_ms: _, ...user_agent }: ParsedOf<typeof browserUserAgent>,
  context: ActionContext,
): Promise<OutputOf<typeof browserUserAgent>> {
  await heard(context, context.emulations.change({ user_agent }, page));
  return { status: "ok" };
}

/** @throws {ViperError} `emulation_failed` with Chrome's own word */
async function heard({ deadline }: ActionContext, changing: Promise<void>): Promise<void> {
  try {
    await deadline.race("Chrome to change its pages", changing);
  } catch (error) {
    deadline.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new ViperError("emulation_failed", `Cannot ${deadline.action}: ${reason}`, {
      cause: error,
    });
  }
}

function told(
  { http_auth, ...settings }: EmulationSettings,
): OutputOf<typeof browserEmulation>["settings"] {
  if (http_auth === undefined) return settings;
  const { password: _, ...rest } = http_auth;
  return { ...settings, http_auth: rest };
}

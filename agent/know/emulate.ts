import type {
  browserEmulate,
  browserUserAgent,
  browserViewport,
  EmulationChange,
} from "../../protocol/emulation.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";

/** Changes what pages believe, and tells what is in force. */
export async function emulate(
  { page, timeout_ms: _, ...change }: ParsedOf<typeof browserEmulate>,
  context: ActionContext,
): Promise<OutputOf<typeof browserEmulate>> {
  await put(change, page, context);
  const { http_auth, ...settings } = context.emulations.of(page);
  return {
    status: "ok",
    settings: {
      ...settings,
      ...(http_auth === undefined ? {} : { http_auth: { username: http_auth.username } }),
    },
  };
}

/** Sets the size of pages. */
export async function setViewport(
  { page, timeout_ms: _, ...viewport }: ParsedOf<typeof browserViewport>,
  context: ActionContext,
): Promise<OutputOf<typeof browserViewport>> {
  await put({ viewport }, page, context);
  return { status: "ok" };
}

/** Sets the user agent of pages. */
export async function setUserAgent(
  { page, timeout_ms: _, ...user_agent }: ParsedOf<typeof browserUserAgent>,
  context: ActionContext,
): Promise<OutputOf<typeof browserUserAgent>> {
  await put({ user_agent }, page, context);
  return { status: "ok" };
}

/** @throws {ViperError} `emulation_failed` with Chrome's own word */
async function put(
  change: EmulationChange,
  page: string | undefined,
  { emulations, deadline }: ActionContext,
): Promise<void> {
  try {
    await deadline.race("Chrome to change its pages", emulations.change(change, page));
  } catch (error) {
    deadline.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new ViperError("emulation_failed", `Cannot ${deadline.action}: ${reason}`, {
      cause: error,
    });
  }
}

import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { browserResetPermissions, browserSetPermissions } from "../../protocol/storage.ts";
import type { ActionContext } from "../action_runner.ts";
import { quote } from "../quote.ts";

const WAITING_FOR = "the browser to take the permissions";

/** Grants and denies, one after another; the first that Chrome does not know ends it. */
export async function setPermissions(
  { permissions, origin }: ParsedOf<typeof browserSetPermissions>,
  { page, deadline }: ActionContext,
): Promise<OutputOf<typeof browserSetPermissions>> {
  const where = origin === undefined ? "*" : new URL(origin).origin;
  for (const [name, state] of Object.entries(permissions)) {
    // On puppeteer's own connection: Chrome forgets permissions with the session that set them.
    const putting = page.browserContext().setPermission(where, { permission: { name }, state });
    await deadline.race(WAITING_FOR, putting).catch((error) => {
      deadline.signal.throwIfAborted();
      throw new ViperError(
        "permission_unknown",
        `Cannot ${deadline.action}: Chrome does not take ${quote(name)}`,
        { cause: error },
      );
    });
  }
  return { status: "ok" };
}

/** Takes all of them back. */
export async function resetPermissions(
  _: ParsedOf<typeof browserResetPermissions>,
  { page, deadline }: ActionContext,
): Promise<OutputOf<typeof browserResetPermissions>> {
  await deadline.race(WAITING_FOR, page.browserContext().clearPermissionOverrides());
  return { status: "ok" };
}

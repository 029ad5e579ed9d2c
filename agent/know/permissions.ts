import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { browserResetPermissions, browserSetPermissions } from "../../protocol/storage.ts";
import type { ActionContext } from "../action_runner.ts";
import { putPermission } from "../emulation/permissions.ts";
import { quote } from "../quote.ts";

const WAITING_FOR = "the browser to take the permissions";

/** Grants and denies, one after another; the first that Chrome does not know ends it. */
export async function setPermissions(
  { permissions, origin: url }: ParsedOf<typeof browserSetPermissions>,
  { page, deadline, emulations }: ActionContext,
): Promise<OutputOf<typeof browserSetPermissions>> {
  const origin = url === undefined ? "*" : new URL(url).origin;
  const context = page.browserContext();
  for (const [name, state] of Object.entries(permissions)) {
    const permission = { name, origin, state };
    emulations.permissions.assertRoomFor(permission, deadline.action);
    await deadline.race(WAITING_FOR, putPermission(context, permission)).catch((error) => {
      deadline.signal.throwIfAborted();
      throw new ViperError(
        "permission_unknown",
        `Cannot ${deadline.action}: Chrome does not take ${quote(name)}`,
        { cause: error },
      );
    });
    // A DevTools client's own context ends with its Chrome.
    const isLasting = context === page.browser().defaultBrowserContext();
    if (isLasting) emulations.permissions.remember(permission);
  }
  return { status: "ok" };
}

/** Takes all of them back. */
export async function resetPermissions(
  _: ParsedOf<typeof browserResetPermissions>,
  { page, deadline, emulations }: ActionContext,
): Promise<OutputOf<typeof browserResetPermissions>> {
  const context = page.browserContext();
  await deadline.race(WAITING_FOR, context.clearPermissionOverrides());
  if (context === page.browser().defaultBrowserContext()) emulations.permissions.clear();
  return { status: "ok" };
}

import type { Handlers } from "../protocol/operation.ts";
import type { browserProfileOperations } from "../protocol/browser_profile.ts";
import type { storageOperations } from "../protocol/storage.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { clearCookies, listCookies, setCookies } from "./know/cookies.ts";
import { resetPermissions, setPermissions } from "./know/permissions.ts";
import { attachProfile } from "./know/attach_profile.ts";
import { extractProfile } from "./know/extract_profile.ts";
import { clearStorage, listStorage, setStorage } from "./know/storage.ts";

/** Operations about what the browser keeps. */
export function storageHandlers(handler: HandlerOf): Handlers<typeof storageOperations, Call> {
  return {
    cookies: handler(() => "list the cookies", listCookies),
    setCookies: handler(() => "set the cookies", setCookies),
    clearCookies: handler(() => "delete the cookies", clearCookies),
    storage: handler(({ kind }) => `list the ${kind} storage`, listStorage),
    setStorage: handler(({ kind }) => `put items into the ${kind} storage`, setStorage),
    clearStorage: handler(({ kind }) => `empty the ${kind} storage`, clearStorage),
    setPermissions: handler(() => "set the permissions", setPermissions),
    resetPermissions: handler(() => "take back the permissions", resetPermissions),
  };
}

/** Operations about all of it at once; to read it waits for no action. */
export function profileHandlers(
  handler: HandlerOf,
  glance: HandlerOf,
): Handlers<typeof browserProfileOperations, Call> {
  return {
    attachProfile: handler(() => "attach the profile", attachProfile),
    extractProfile: glance(() => "extract the profile", extractProfile),
  };
}

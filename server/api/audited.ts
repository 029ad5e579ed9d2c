import type { Context } from "hono";
import { toViperError } from "../../protocol/problems.ts";
import type { Operation } from "../../protocol/operation.ts";
import { requestIdOf } from "../../protocol/http_server.ts";
import type { Audit } from "../audit.ts";
import type { Admitted } from "./auth/admission.ts";

/** Characters of a target that are kept. */
const TARGET_LENGTH_MAX = 256;
/** Context variable: what a request is about to do. */
const ACTION = "action";

/** What a request is about to do, and to what. */
export interface Action {
  readonly operation: string;
  target: string;
}

/** Notes which operation a request turned out to be, and on what. */
export function noteAction(c: Context, operation: string, target: string): void {
  c.set(ACTION, { operation, target } satisfies Action);
}

/** Adds the name that a valid input has, where the path has none. */
export function noteInput(c: Context, input: Readonly<Record<string, unknown>>): void {
  const action = actionOf(c);
  if (action?.target === "" && typeof input["name"] === "string") action.target = input["name"];
}

/** What a request turned out to be; unknown for one that was refused or met no route. */
export function actionOf(c: Context): Action | undefined {
  return c.get(ACTION);
}

/** What an operation is done to, as the path says. */
export function targetOf(c: Context, { http }: Operation): string {
  return [...http.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => c.req.param(name ?? "")).join(" ");
}

/** Records a request that was to change something, once it is answered. */
export function recordChange(c: Context, audit: Audit, { principal, client }: Admitted): void {
  const action = actionOf(c);
  if (c.req.method === "GET" || c.req.method === "HEAD" || action === undefined) return;
  const { role, name, keyId, via } = principal;
  audit.record(requestIdOf(c), {
    principal: name,
    ...(keyId === null ? {} : { key_id: keyId }),
    ...{ role, via },
    ...(client === null ? {} : { peer: client }),
    operation: action.operation,
    target: action.target.slice(0, TARGET_LENGTH_MAX),
    outcome: outcomeOf(c),
  });
}

function outcomeOf(c: Context): string {
  if (c.error !== undefined) return toViperError(c.error).code;
  return c.res.ok ? "ok" : String(c.res.status);
}

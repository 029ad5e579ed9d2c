/**
 * A list of operations as HTTP routes: parse, validate, call the handler, answer with JSON or a
 * problem. Daemon and agent both serve through here, so both refuse bad input in the same words.
 *
 * @module
 */
import { type Context as HonoContext, Hono, type Next } from "hono";
import { routePath } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type * as z from "zod";
import type { Telemetry } from "../host/host.ts";
import { bytesOf, chooseView, type ChosenView } from "./bytes_view.ts";
import { readJsonObject } from "./http_body.ts";
import { type Handlers, type Operation, pathParameters } from "./operation.ts";
import { toViperError, ViperError } from "./problems.ts";

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";
/** Things wrong with one input that are told one by one. */
const ISSUES_TOLD_MAX = 50;

/** Called once for each answer with status 500 or above, with the error as it was thrown. */
export type OnServerError = (error: unknown, request: Request, requestId: string) => void;

/** An app that answers each error, unknown route and wrong method with a problem. */
export function createApp(onServerError: OnServerError): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    const viperError = toViperError(error);
    if (viperError.status >= 500) onServerError(error, c.req.raw, requestIdOf(c));
    return problemResponse(viperError, c.req.path);
  });
  app.notFound((c) =>
    problemResponse(
      new ViperError("route_not_found", `Cannot ${c.req.method} "${c.req.path}": no such route`),
      c.req.path,
    )
  );
  return app;
}

/** Names a request in answers and in every log line of it, on its way through all parts. */
export const REQUEST_ID_HEADER = "x-request-id";
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives each request the id that it brings, or a new one, and tells it in the answer. */
export function identifyRequests(app: Hono, newId: () => string): void {
  app.use(async (c: HonoContext, next: Next) => {
    const given = c.req.header(REQUEST_ID_HEADER) ?? "";
    const id = REQUEST_ID.test(given) ? given : newId();
    c.set("requestId", id);
    await next();
    // The answer to a WebSocket cannot be changed.
    if (c.res.status !== 101) c.res.headers.set(REQUEST_ID_HEADER, id);
  });
}

/** Calls the span of each request by its operation, or its route: its path has names in it. */
export function nameSpans(app: Hono, telemetry: Telemetry | null): void {
  if (telemetry === null) return;
  app.use(async (c: HonoContext, next: Next) => {
    await next();
    const route = routePath(c);
    const operation: string | undefined = c.get("operation");
    telemetry.nameSpan(operation ?? `${c.req.method} ${route}`, {
      "http.route": route,
      ...(operation === undefined ? {} : { "viper.operation": operation }),
    });
  });
}

/** The id that a request goes by; empty where none are given. */
export function requestIdOf(c: HonoContext): string {
  return c.get("requestId") ?? "";
}

/** An error as a response; `instance` is the request's path. */
export function problemResponse(error: ViperError, instance: string): Response {
  const { status, retryAfterSeconds } = error;
  return Response.json(error.toProblem(instance), {
    status,
    headers: {
      ...error.headers,
      "content-type": PROBLEM_MEDIA_TYPE,
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...(retryAfterSeconds === undefined
        ? {}
        : { "retry-after": String(Math.ceil(retryAfterSeconds)) }),
    },
  });
}

/** Settings of {@linkcode mount}. */
export interface MountOptions<Context> {
  /** Stands before each operation's path; its parameters are the context's, not the input's. */
  readonly prefix?: string;
  /** What handlers get beside their input; runs before the body is read, so it can refuse. */
  readonly contextOf: (c: HonoContext, operation: Operation) => Context | Promise<Context>;
  /** Told the input once it is valid. */
  readonly onInput?: (c: HonoContext, input: Readonly<Record<string, unknown>>) => void;
}

/** A handler may answer with a finished response, such as one that it only passes on. */
export type HttpHandlers<Ops extends Record<string, Operation>, Context> = {
  readonly [Key in keyof Ops]: (
    ...args: Parameters<Handlers<Ops, Context>[Key]>
  ) => Promise<Awaited<ReturnType<Handlers<Ops, Context>[Key]>> | Response>;
};

/** Adds a route per operation, and 405 with `Allow` for the other methods of their paths. */
export function mount<Ops extends Record<string, Operation>, Context>(
  app: Hono,
  operations: Ops,
  handlers: HttpHandlers<Ops, Context>,
  options: MountOptions<Context>,
): void {
  const methods = new Map<string, string[]>();
  for (const [key, operation] of Object.entries(operations)) {
    const path = honoPath((options.prefix ?? "") + operation.http.path);
    methods.set(path, [...methods.get(path) ?? [], operation.http.method]);
    const handler = handlers[key] as (input: unknown, context: Context) => Promise<unknown>;
    app.on(operation.http.method, path, async (c: HonoContext) => {
      c.set("operation", operation.name);
      const context = await options.contextOf(c, operation);
      const { input, view } = await parseInput(operation, c);
      options.onInput?.(c, input);
      const result = await handler(input, context);
      if (result instanceof Response) return result;
      return answer(c, operation, result, view);
    });
  }
  for (const [path, allowed] of methods) {
    app.all(path, (c) => methodNotAllowed(c, allowed));
  }
}

function answer(
  c: HonoContext,
  { http, bytes }: Operation,
  result: unknown,
  { mediaType }: ChosenView,
): Response {
  if (http.status === 204) return c.body(null, 204);
  const status = http.status as ContentfulStatusCode;
  if (bytes === undefined) return c.json(result as object, status);
  c.header("vary", "Accept");
  if (mediaType === null) return c.json(result as object, status);
  return c.body(bytesOf(bytes, result), status, { "content-type": mediaType });
}

/** 405 with the methods that the route takes; HEAD goes where GET goes. */
export function methodNotAllowed(c: HonoContext, allowed: readonly string[]): Response {
  const allow = allowed.includes("GET") ? [...allowed, "HEAD"].join(", ") : allowed.join(", ");
  const response = problemResponse(
    new ViperError(
      "method_not_allowed",
      `Cannot ${c.req.method} "${c.req.path}": the route takes ${allow}`,
    ),
    c.req.path,
  );
  response.headers.set("allow", allow);
  return response;
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

async function parseInput(
  operation: Operation,
  c: HonoContext,
): Promise<{ input: Record<string, unknown>; view: ChosenView }> {
  const fromPath = Object.fromEntries(
    pathParameters(operation.http.path).map((name) => [name, c.req.param(name)]),
  );
  const rest = operation.http.method === "POST"
    ? bodyOrQuery(operation, await readJsonObject(c.req.raw, operation.bodyBytesMax), c.req.query())
    : c.req.query();
  const view = chooseView(operation, c.req.header("accept") ?? "", rest["format"]);
  const chosen = view.format === undefined ? {} : { format: view.format };
  return { input: checked(operation, { ...chosen, ...rest, ...fromPath }), view };
}

function checked(
  { name, input }: Operation,
  given: Record<string, unknown>,
): Record<string, unknown> {
  let parsed: z.ZodSafeParseResult<Record<string, unknown>>;
  try {
    parsed = input.safeParse(given);
  } catch (cause) {
    // The schema library passes on all that is wrong as arguments, of which there may be so many.
    if (!(cause instanceof RangeError)) throw cause;
    const message = `Cannot accept the input of ${name}: too much of it is wrong`;
    throw new ViperError("invalid_request", message, { cause });
  }
  if (parsed.success) return parsed.data;
  throw invalidRequest(name, parsed.error);
}

/** An empty body leaves the members to the query, of which nothing else is read. */
function bodyOrQuery(
  { input }: Operation,
  body: Record<string, unknown>,
  query: Record<string, string>,
): Record<string, unknown> {
  if (Object.keys(body).length > 0) return body;
  return Object.fromEntries(Object.entries(query).filter(([name]) => name in input.shape));
}

function invalidRequest(name: string, error: z.ZodError): ViperError {
  const errors = error.issues.slice(0, ISSUES_TOLD_MAX).map((issue) => ({
    pointer: issue.path.map((part) => `/${String(part)}`).join(""),
    detail: issue.message,
  }));
  const more = error.issues.length - errors.length;
  const summary = [
    ...errors.map(({ pointer, detail }) => pointer ? `${pointer}: ${detail}` : detail),
    ...more > 0 ? [`and ${more} more`] : [],
  ].join("; ");
  return new ViperError("invalid_request", `Cannot accept the input of ${name}: ${summary}`, {
    errors,
  });
}

/**
 * A list of operations as typed functions over any fetch-like function.
 *
 * @module
 */
import { type Client, type Operation, pathParameters } from "./operation.ts";
import { ViperError } from "./problems.ts";

/** The part of `fetch` that the client needs. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Settings of {@linkcode createClient}. */
export interface ClientOptions {
  readonly fetch: FetchLike;
  /** Scheme, host and, where there is one, path prefix; without a slash at the end. */
  readonly baseUrl: string;
  readonly headers?: Record<string, string>;
}

/**
 * Makes one function per operation. The server validates; each function
 * rejects with a {@linkcode ViperError} that has the server's code.
 */
export function createClient<Ops extends Record<string, Operation>>(
  operations: Ops,
  options: ClientOptions,
): Client<Ops> {
  const functions = Object.entries(operations).map(([key, operation]) => [
    key,
    (input: unknown, call: { signal?: AbortSignal } = {}) =>
      callOperation(operation, input, options, call.signal),
  ]);
  return Object.fromEntries(functions) as Client<Ops>;
}

async function callOperation(
  operation: Operation,
  input: unknown,
  { fetch, baseUrl, headers }: ClientOptions,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { path, body } = requestOf(operation, input);
  const response = await fetch(baseUrl + path, {
    method: operation.http.method,
    headers: {
      accept: [operation.stream ?? [], "application/json"].flat().join(", "),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
  return await readAnswer(operation, response);
}

/** The path with its query, and the body, of one call. */
export function requestOf(
  operation: Operation,
  input: unknown,
): { path: string; body: string | undefined } {
  const rest = { ...(input as Record<string, unknown>) };
  let path = operation.http.path;
  for (const name of pathParameters(path)) {
    path = path.replace(`{${name}}`, encodeURIComponent(String(rest[name])));
    delete rest[name];
  }
  if (operation.http.method === "POST") return { path, body: JSON.stringify(rest) };
  const query = new URLSearchParams(
    Object.entries(rest).filter(([, value]) => value !== undefined).map((
      [name, value],
    ) => [name, String(value)]),
  ).toString();
  return { path: query ? `${path}?${query}` : path, body: undefined };
}

async function readAnswer(operation: Operation, response: Response): Promise<unknown> {
  if (response.status === 204) {
    await response.body?.cancel();
    return undefined;
  }
  if (operation.stream !== undefined && response.ok) return response;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw unexpected(operation, response, error);
  }
  if (response.ok) return body;
  throw ViperError.fromProblem(body) ?? unexpected(operation, response, undefined);
}

function unexpected(operation: Operation, response: Response, cause: unknown): ViperError {
  return new ViperError(
    "internal",
    `Cannot read the answer to ${operation.name}: status ${response.status}, ` +
      `type "${response.headers.get("content-type") ?? ""}"`,
    { cause },
  );
}

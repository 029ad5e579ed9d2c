import { bearerToken } from "../../../protocol/bearer.ts";

/** A WebSocket in a browser sends no headers, but subprotocols: this one has a key behind it. */
const KEY_PROTOCOL = "viper.api-key.";
const QUERY_KEY = "api_key";
const QUERY_TICKET = "ticket";

/** What a request shows of its maker; a secret. */
export interface Credential {
  readonly kind: "key" | "ticket";
  readonly text: string;
}

/** What the request carries, headers before query; `null` when it carries nothing. */
export function credentialOf(request: Request): Credential | null {
  const { searchParams } = new URL(request.url);
  const key = bearerToken(request) ?? request.headers.get("x-viper-api-key") ??
    protocolKey(request);
  if (key !== null) return { kind: "key", text: key };
  const ticket = searchParams.get(QUERY_TICKET);
  if (ticket !== null) return { kind: "ticket", text: ticket };
  const queryKey = searchParams.get(QUERY_KEY);
  return queryKey === null ? null : { kind: "key", text: queryKey };
}

/** Which credential the query has, if the request has no other. */
export function queryCredentialOf(request: Request): Credential | null {
  const shown = credentialOf(request);
  const { searchParams } = new URL(request.url);
  const isFromQuery = shown !== null &&
    searchParams.get(shown.kind === "key" ? QUERY_KEY : QUERY_TICKET) === shown.text;
  return isFromQuery ? shown : null;
}

/** The query that shows the credential. */
export function queryOf({ kind, text }: Credential): string {
  return `${kind === "key" ? QUERY_KEY : QUERY_TICKET}=${encodeURIComponent(text)}`;
}

/**
 * The same request with no credential in its query, so that no later part reads, forwards or logs
 * it. A WebSocket's handshake stays as it is: only the original can be upgraded.
 */
export function withoutQueryCredentials(request: Request): Request {
  const url = new URL(request.url);
  const parts = url.search.slice(1).split("&");
  const kept = parts.filter((part) => {
    const parsed = new URLSearchParams(part);
    return !parsed.has(QUERY_KEY) && !parsed.has(QUERY_TICKET);
  });
  if (kept.length === parts.length || isUpgrade(request)) return request;
  // The rest stays as it came: a query need not be made of names and values (/json/new?ADDRESS).
  url.search = kept.join("&");
  return new Request(url, request);
}

/** Whether the request asks for a WebSocket (RFC 6455, 4.1). */
export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** Subprotocols that the client offers beside a key; what goes on to another server. */
export function offeredProtocols(request: Request): string[] {
  return protocols(request).filter((name) => !name.startsWith(KEY_PROTOCOL));
}

/**
 * The subprotocol to accept a WebSocket with: a browser ends the connection unless it hears one
 * that it offered. The first that is no key; else the key, which the client knows anyway.
 */
export function acceptedProtocol(request: Request): string | undefined {
  return offeredProtocols(request)[0] ?? protocols(request)[0];
}

function protocolKey(request: Request): string | null {
  if (!isUpgrade(request)) return null;
  const named = protocols(request).find((name) => name.startsWith(KEY_PROTOCOL));
  return named?.slice(KEY_PROTOCOL.length) ?? null;
}

function protocols(request: Request): string[] {
  return (request.headers.get("sec-websocket-protocol") ?? "").split(",")
    .map((name) => name.trim()).filter(Boolean);
}

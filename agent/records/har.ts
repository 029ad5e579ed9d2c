/** Requests as an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/). */
import { VERSION } from "../../protocol/version.ts";
import type { HeaderList, RequestRecord } from "./request_record.ts";

/** A body as Chrome gives it. */
export interface RecordedBody {
  readonly body: string;
  readonly base64Encoded: boolean;
}

/** The archive of these requests, with such bodies as there are. */
export function harOf(
  requests: readonly RequestRecord[],
  bodies: ReadonlyMap<RequestRecord, RecordedBody>,
  browserVersion: string,
) {
  return {
    log: {
      version: "1.2" as const,
      creator: { name: "Viper", version: VERSION },
      browser: { name: "Chrome", version: browserVersion },
      pages: [],
      entries: requests.map((request) => entryOf(request, bodies.get(request))),
    },
  };
}

function entryOf(request: RequestRecord, body: RecordedBody | undefined) {
  const timings = timingsOf(request);
  const spent = Object.entries(timings)
    .filter(([name, ms]) => name !== "ssl" && ms > 0)
    .reduce((sum, [, ms]) => sum + ms, 0);
  return {
    startedDateTime: request.at,
    time: spent,
    request: {
      method: request.method,
      url: request.url,
      httpVersion: request.protocol ?? "",
      cookies: cookiesOf(request.requestHeaders, "cookie"),
      headers: request.requestHeaders,
      queryString: queryOf(request.url),
      ...(request.requestBody === undefined ? {} : {
        postData: {
          mimeType: headerOf(request.requestHeaders, "content-type") ?? "",
          text: request.requestBody,
        },
      }),
      headersSize: -1,
      bodySize: request.requestBody?.length ?? 0,
    },
    response: responseOf(request, body),
    cache: {},
    timings,
    ...(request.remoteAddress ? { serverIPAddress: request.remoteAddress } : {}),
    _resourceType: request.type,
  };
}

function responseOf(request: RequestRecord, body: RecordedBody | undefined) {
  const headers = request.responseHeaders ?? [];
  return {
    // An archive says 0 where there was no answer.
    status: request.status ?? 0,
    statusText: request.statusText ?? "",
    httpVersion: request.protocol ?? "",
    cookies: cookiesOf(headers, "set-cookie"),
    headers,
    content: {
      size: body === undefined ? 0 : sizeOf(body),
      mimeType: request.mimeType ?? "",
      ...(body === undefined ? {} : { text: body.body }),
      ...(body?.base64Encoded ? { encoding: "base64" } : {}),
    },
    redirectURL: request.redirectedTo ?? "",
    headersSize: -1,
    bodySize: -1,
    _transferSize: request.encodedBytes ?? 0,
    ...(request.error === undefined ? {} : { _error: request.error }),
  };
}

/** Milliseconds; -1 for what did not happen. Chrome's own are relative to the request's start. */
function timingsOf({ timing, startedSeconds, endedSeconds }: RequestRecord) {
  const total = endedSeconds === undefined || startedSeconds === 0
    ? 0
    : (endedSeconds - startedSeconds) * 1_000;
  if (timing === undefined) {
    return { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait: total, receive: 0 };
  }
  const span = (from: number, to: number) => from < 0 || to < 0 ? -1 : to - from;
  const answered = (timing.requestTime - startedSeconds) * 1_000 + timing.receiveHeadersEnd;
  return {
    blocked: Math.max(0, (timing.requestTime - startedSeconds) * 1_000),
    dns: span(timing.dnsStart, timing.dnsEnd),
    connect: span(timing.connectStart, timing.connectEnd),
    ssl: span(timing.sslStart, timing.sslEnd),
    send: Math.max(0, timing.sendEnd - timing.sendStart),
    wait: Math.max(0, timing.receiveHeadersEnd - timing.sendEnd),
    receive: Math.max(0, total - answered),
  };
}

function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.find((header) => header.name.toLowerCase() === name)?.value;
}

/** Names and values of `Cookie` and `Set-Cookie`; attributes stay in the headers. */
function cookiesOf(headers: HeaderList, name: "cookie" | "set-cookie") {
  return headers
    .filter((header) => header.name.toLowerCase() === name)
    .flatMap(({ value }) => name === "cookie" ? value.split("; ") : [value.split(";")[0] ?? ""])
    .map((pair) => {
      const at = pair.indexOf("=");
      return { name: pair.slice(0, Math.max(at, 0)), value: pair.slice(at + 1) };
    });
}

function queryOf(url: string) {
  if (!URL.canParse(url)) return [];
  return [...new URL(url).searchParams].map(([name, value]) => ({ name, value }));
}

function sizeOf({ body, base64Encoded }: RecordedBody): number {
  if (!base64Encoded) return new TextEncoder().encode(body).length;
  return body.length / 4 * 3 - (/=*$/.exec(body)?.[0].length ?? 0);
}

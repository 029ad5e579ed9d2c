/** Requests of a page, as Chrome tells of them. */
import type { CDPSession, Protocol } from "puppeteer-core";
import type { PageRecord } from "./page_record.ts";
import type { HeaderList, RequestRecord } from "./request_record.ts";

/** Characters of a URL that are kept; what is longer, such as an image's in base64, is cut. */
export const RECORDED_URL_LENGTH_MAX = 8_192;
/** Characters of what a request sends that are kept. */
export const RECORDED_BODY_LENGTH_MAX = 65_536;
/** Requests of one session whose end is not known yet; beyond, the oldest is given up. */
const OPEN_MAX = 1_000;

/** Writes down what one target of the page asks of the network from now on. */
export class RequestRecorder {
  readonly #session: CDPSession;
  readonly #record: PageRecord;
  readonly #open = new Map<string, RequestRecord>();
  /** Raw headers may come before the request or the answer that they belong to. */
  readonly #early = new Map<string, { request?: HeaderList; response?: HeaderList }>();

  constructor(session: CDPSession, record: PageRecord) {
    this.#session = session;
    this.#record = record;
    session.on("Network.requestWillBeSent", (event) => this.#begin(event));
    session.on(
      "Network.requestWillBeSentExtraInfo",
      ({ requestId, headers }) => this.#raw(requestId, "request", headers),
    );
    session.on("Network.responseReceived", ({ requestId, type, response }) => {
      const entry = this.#open.get(requestId);
      if (entry === undefined) return;
      entry.type = type.toLowerCase();
      this.#answer(requestId, entry, response);
      this.#changed(entry);
    });
    session.on(
      "Network.responseReceivedExtraInfo",
      ({ requestId, headers }) => this.#raw(requestId, "response", headers),
    );
    session.on(
      "Network.loadingFinished",
      ({ requestId, timestamp, encodedDataLength }) =>
        this.#end(requestId, timestamp, (entry) => {
          entry.state = "done";
          entry.encodedBytes = encodedDataLength;
        }),
    );
    session.on(
      "Network.loadingFailed",
      ({ requestId, timestamp, errorText, blockedReason }) =>
        this.#end(requestId, timestamp, (entry) => {
          entry.state = "failed";
          entry.error = blockedReason === undefined ? errorText : `${errorText} (${blockedReason})`;
        }),
    );
    session.on("Network.webSocketCreated", (event) => this.#beginSocket(event));
    session.on("Network.webSocketHandshakeResponseReceived", ({ requestId, response }) => {
      const entry = this.#open.get(requestId);
      if (entry === undefined) return;
      entry.status = response.status;
      entry.statusText = response.statusText;
      entry.responseHeaders = listOf(response.headers);
      if (response.requestHeaders) entry.requestHeaders = listOf(response.requestHeaders);
      this.#changed(entry);
    });
    session.on(
      "Network.webSocketClosed",
      ({ requestId, timestamp }) =>
        this.#end(requestId, timestamp, (entry) => {
          entry.state = entry.status === undefined ? "failed" : "done";
        }),
    );
  }

  #begin(event: Protocol.Network.RequestWillBeSentEvent): void {
    const { requestId, request, redirectResponse, timestamp } = event;
    const before = this.#open.get(requestId);
    if (before !== undefined && redirectResponse !== undefined) {
      this.#answer(requestId, before, redirectResponse);
      before.redirectedTo = shortUrl(request.url);
      this.#end(requestId, timestamp, (entry) => {
        entry.state = "done";
        entry.encodedBytes = redirectResponse.encodedDataLength;
      });
    }
    const seq = this.#record.next();
    const early = this.#early.get(requestId);
    const postData = request.postData?.slice(0, RECORDED_BODY_LENGTH_MAX);
    this.#add(requestId, {
      id: seq,
      seq,
      method: request.method,
      url: shortUrl(request.url),
      type: (event.type ?? "Other").toLowerCase(),
      at: new Date(event.wallTime * 1_000).toISOString(),
      startedSeconds: timestamp,
      document: shortUrl(event.documentURL),
      requestHeaders: early?.request ?? listOf(request.headers),
      requestBody: postData,
      state: "pending",
    });
    delete early?.request;
  }

  #beginSocket({ requestId, url }: Protocol.Network.WebSocketCreatedEvent): void {
    const seq = this.#record.next();
    this.#add(requestId, {
      id: seq,
      seq,
      method: "GET",
      url: shortUrl(url),
      type: "websocket",
      // The event tells no time, and headers come later.
      at: this.#record.now().toISOString(),
      startedSeconds: 0,
      document: "",
      requestHeaders: [],
      requestBody: undefined,
      state: "pending",
    });
  }

  #add(requestId: string, entry: RequestRecord): void {
    this.#open.set(requestId, entry);
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_MAX && oldest !== undefined) this.#forget(oldest);
    this.#record.requests.add(entry);
    this.#record.bodies.set(entry, { session: this.#session, requestId });
  }

  #answer(requestId: string, entry: RequestRecord, response: Protocol.Network.Response): void {
    const early = this.#early.get(requestId);
    entry.status = response.status;
    entry.statusText = response.statusText;
    entry.mimeType = response.mimeType;
    entry.protocol = response.protocol ?? "";
    entry.remoteAddress = response.remoteIPAddress ?? "";
    entry.responseHeaders = early?.response ?? listOf(response.headers);
    entry.fromCache = response.fromDiskCache === true || response.fromPrefetchCache === true;
    if (response.timing !== undefined) entry.timing = response.timing;
    delete early?.response;
  }

  #raw(requestId: string, side: "request" | "response", headers: Protocol.Network.Headers): void {
    const entry = this.#open.get(requestId);
    const list = listOf(headers);
    if (side === "request" && entry?.state === "pending" && entry.status === undefined) {
      entry.requestHeaders = list;
    } else if (side === "response" && entry?.responseHeaders !== undefined) {
      entry.responseHeaders = list;
    } else {
      const early = this.#early.get(requestId) ?? {};
      early[side] = list;
      this.#early.set(requestId, early);
      const [oldest] = this.#early.keys();
      if (this.#early.size > OPEN_MAX && oldest !== undefined) this.#early.delete(oldest);
    }
  }

  #end(requestId: string, endedSeconds: number, finish: (entry: RequestRecord) => void): void {
    const entry = this.#open.get(requestId);
    if (entry === undefined) return;
    finish(entry);
    entry.endedSeconds = endedSeconds;
    this.#forget(requestId);
    this.#changed(entry);
  }

  #forget(requestId: string): void {
    this.#open.delete(requestId);
    this.#early.delete(requestId);
  }

  #changed(entry: RequestRecord): void {
    entry.seq = this.#record.next();
    this.#record.requests.grown(entry);
  }
}

/** Chrome joins headers of one name by line feeds. */
function listOf(headers: Protocol.Network.Headers): HeaderList {
  return Object.entries(headers).flatMap(([name, value]) =>
    String(value).split("\n").map((value) => ({ name, value }))
  );
}

function shortUrl(url: string): string {
  return url.length > RECORDED_URL_LENGTH_MAX ? `${url.slice(0, RECORDED_URL_LENGTH_MAX)}…` : url;
}

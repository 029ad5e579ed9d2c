import type { CDPSession, Protocol } from "puppeteer-core";

/** Headers as they went over the wire, in their order. */
export type HeaderList = { readonly name: string; readonly value: string }[];

/** One request of a page, as far as it has come; times in seconds of Chrome's own clock. */
export interface RequestRecord {
  /** The number of its beginning, by which it is asked for. */
  readonly id: number;
  /** The number of its latest change. */
  seq: number;
  readonly method: string;
  readonly url: string;
  /** `document`, `script`, `xhr` …, in lower case. */
  type: string;
  /** Wall-clock time of its beginning. */
  readonly at: string;
  readonly startedSeconds: number;
  /** Of the document that asked. */
  readonly document: string;
  requestHeaders: HeaderList;
  readonly requestBody: string | undefined;
  state: "pending" | "done" | "failed";
  status?: number;
  statusText?: string;
  protocol?: string;
  mimeType?: string;
  remoteAddress?: string;
  responseHeaders?: HeaderList;
  timing?: Protocol.Network.ResourceTiming;
  fromCache?: boolean;
  endedSeconds?: number;
  encodedBytes?: number;
  /** Chrome's own word, such as net::ERR_FAILED. */
  error?: string;
  redirectedTo?: string;
}

/** Where Chrome keeps the body of a request. */
export interface BodySource {
  readonly session: CDPSession;
  readonly requestId: string;
}

/**
 * Finds, in the bytes that a client sends, the head of a request that is to be taken out of the
 * stream: where requests begin and end is followed as long as that is beyond doubt.
 *
 * @module
 */
import { HEAD_BYTES_MAX, headLength, joined, textOf } from "../../protocol/http_head.ts";

/** What has come in. */
export interface Scanned {
  /** For the server behind, in its order. */
  readonly passed: Uint8Array;
  /** The request that was looked for; nothing is passed from it on. */
  readonly found: Found | null;
}

/** A request that is taken out of the stream. */
export interface Found {
  /** Its head, as it came. */
  readonly text: string;
  /** What came behind it. */
  readonly rest: Uint8Array;
}

const NOTHING = new Uint8Array();
/** A line that continues the one before (obsolete), or ends in less than CR LF: servers differ. */
const DOUBTFUL = /\n[ \t]|(?:^|[^\r])\n/;

/** Behind it may come anything but a request. */
const UPGRADE = /\r\nupgrade[ \t]*:/i;

/**
 * Follows one connection. Requests with a body of known length and those without one are followed;
 * behind anything else (a chunked body, HTTP/2, an upgrade) the connection is no longer looked at,
 * so that what one server takes for a body is never taken for a request here.
 */
export class RequestScan {
  #begun: Uint8Array = NOTHING;
  #bodyLeft = 0;
  #isOpaque = false;

  /** @param isWanted gets a whole head as text, a character a byte */
  constructor(private readonly isWanted: (head: string) => boolean) {}

  push(chunk: Uint8Array): Scanned {
    if (this.#isOpaque) return { passed: chunk, found: null };
    const bytes = this.#begun.length === 0 ? chunk : joined(this.#begun, chunk);
    this.#begun = NOTHING;
    for (let at = 0; at < bytes.length;) {
      if (this.#bodyLeft > 0) {
        const size = Math.min(this.#bodyLeft, bytes.length - at);
        this.#bodyLeft -= size;
        at += size;
        continue;
      }
      const text = textOf(bytes.subarray(at));
      const length = headLength(text);
      const head = length === 0 ? text : text.slice(0, length);
      if (length === 0 && head.length <= HEAD_BYTES_MAX && !DOUBTFUL.test(head)) {
        this.#begun = bytes.slice(at);
        return { passed: bytes.subarray(0, at), found: null };
      }
      const bodyLength = length === 0 ? null : bodyLengthOf(head);
      if (bodyLength === 0 && this.isWanted(head)) {
        const found = { text: head, rest: bytes.slice(at + length) };
        return { passed: bytes.subarray(0, at), found };
      }
      if (bodyLength === null || UPGRADE.test(head)) {
        this.#isOpaque = true;
        break;
      }
      this.#bodyLeft = bodyLength;
      at += length;
    }
    return { passed: bytes, found: null };
  }
}

/** How long a request's body is (RFC 9112, 6.3); `null` when that cannot be told for sure. */
function bodyLengthOf(head: string): number | null {
  if (head.length > HEAD_BYTES_MAX || DOUBTFUL.test(head)) return null;
  if (!/^[A-Z]+ \S+ HTTP\/1\.[01]\r\n/.test(head)) return null;
  const framing = [...head.matchAll(/\r\n(content-length|transfer-encoding)[ \t]*:([^\r]*)/gi)];
  const [only] = framing;
  if (only === undefined) return 0;
  const [, name = "", value = ""] = only;
  const isPlain = framing.length === 1 && name.toLowerCase() === "content-length" &&
    /^[ \t]*\d{1,15}[ \t]*$/.test(value);
  return isPlain ? Number(value) : null;
}

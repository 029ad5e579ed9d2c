/** What a DevTools client sends, looked through for the one command that it must not give. */
import { joined } from "./http_head.ts";
import { frameHead, MASK_BYTES } from "./frame_scan.ts";
import { OPCODE } from "./websocket_frames.ts";

/** Payload bytes of a message that can be the command; larger ones are not looked into. */
const COMMAND_BYTES_MAX = 1_024;
const METHOD = "Browser.close";
const DOWNLOADS_METHOD = "Browser.setDownloadBehavior";
/** What both begin with. */
const DOMAIN = new TextEncoder().encode("Browser.");
const NOTHING = new Uint8Array();
const decoder = new TextDecoder();

/** The client's wish to close the browser. */
export interface CloseCommand {
  /** The command's number and its session, to be answered with. */
  readonly answered: Readonly<Record<string, unknown>>;
}

/** What has come in. */
export interface ClientChunk {
  /** For Chrome, in its order. */
  readonly passed: Uint8Array;
  /** Set once the client wants to close the browser; nothing is passed from there on. */
  readonly close: CloseCommand | null;
}

/** Passes frames on as they are; only small text messages wait until they are whole. */
export class ClientFrames {
  /** Whether the client has said where downloads go. */
  setsDownloads = false;
  #begun: Uint8Array = NOTHING;
  #left = 0;

  push(chunk: Uint8Array): ClientChunk {
    const bytes = this.#begun.length === 0 ? chunk : joined(this.#begun, chunk);
    this.#begun = NOTHING;
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const size = Math.min(this.#left, bytes.length - at);
        this.#left -= size;
        at += size;
        continue;
      }
      const head = frameHead(bytes, at);
      const isSmall = head !== null && head.payloadLength <= COMMAND_BYTES_MAX;
      const end = head === null ? Infinity : at + head.headLength + head.payloadLength;
      if (head === null || (isSmall && end > bytes.length)) {
        this.#begun = bytes.slice(at);
        break;
      }
      at += head.headLength;
      if (isSmall && head.opcode === OPCODE.text && head.isFinal && head.hasMask) {
        const close = this.#judge(bytes, at, end);
        if (close !== null) return { passed: bytes.subarray(0, at - head.headLength), close };
      }
      this.#left = head.payloadLength;
    }
    return { passed: at === bytes.length ? bytes : bytes.subarray(0, at), close: null };
  }

  /** Looks into a text message; its mask stands before it. */
  #judge(bytes: Uint8Array, from: number, to: number): CloseCommand | null {
    if (!namesDomain(bytes, from, to)) return null;
    const text = decoder.decode(unmasked(bytes, from, to));
    this.setsDownloads ||= text.includes(DOWNLOADS_METHOD);
    return closeCommand(text);
  }
}

/** Whether a masked payload names the domain, which nearly none does: found without a copy of it. */
function namesDomain(bytes: Uint8Array, from: number, to: number): boolean {
  const isAt = (place: number) =>
    DOMAIN.every((byte, index) => byteAt(bytes, from, place + index) === byte);
  for (let place = from; place <= to - DOMAIN.length; place++) {
    if (byteAt(bytes, from, place) === DOMAIN[0] && isAt(place)) return true;
  }
  return false;
}

function unmasked(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return bytes.slice(from, to).map((_, index) => byteAt(bytes, from, from + index));
}

/** A byte of the payload that begins at `from`, without the mask that stands before it. */
function byteAt(bytes: Uint8Array, from: number, place: number): number {
  return (bytes[place] as number) ^ (bytes[from - MASK_BYTES + ((place - from) & 3)] as number);
}

function closeCommand(text: string): CloseCommand | null {
  if (!text.includes(METHOD)) return null;
  try {
    const { id, sessionId, method } = JSON.parse(text);
    if (method !== METHOD) return null;
    return { answered: { id, ...(sessionId === undefined ? {} : { sessionId }) } };
  } catch {
    return null; // Chrome will say what is wrong with it.
  }
}

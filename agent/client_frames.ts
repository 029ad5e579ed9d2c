/** What a DevTools client sends, looked through for the one command that it must not give. */
import { joined } from "../protocol/http_head.ts";
import { frameHead } from "./frame_scan.ts";
import { OPCODE } from "./websocket_frames.ts";

/** Payload bytes of a message that can be the command; larger ones are not looked into. */
const COMMAND_BYTES_MAX = 1_024;
const METHOD = "Browser.close";
const DOWNLOADS_METHOD = "Browser.setDownloadBehavior";

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
  #begun = new Uint8Array();
  #left = 0;

  push(chunk: Uint8Array): ClientChunk {
    const bytes = this.#begun.length === 0 ? chunk : joined(this.#begun, chunk);
    this.#begun = new Uint8Array();
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
      if (isSmall && head.opcode === OPCODE.text && head.isFinal && head.mask !== null) {
        const text = unmasked(bytes.subarray(at + head.headLength, end), head.mask);
        this.setsDownloads ||= text.includes(DOWNLOADS_METHOD);
        const close = closeCommand(text);
        if (close !== null) return { passed: bytes.subarray(0, at), close };
      }
      at += head.headLength;
      this.#left = head.payloadLength;
    }
    return { passed: bytes.subarray(0, at), close: null };
  }
}

const decoder = new TextDecoder();

function unmasked(masked: Uint8Array, mask: Uint8Array): string {
  const payload = new Uint8Array(masked.length);
  for (let index = 0; index < masked.length; index++) {
    payload[index] = (masked[index] as number) ^ (mask[index & 3] as number);
  }
  return decoder.decode(payload);
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

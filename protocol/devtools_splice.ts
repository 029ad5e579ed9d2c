/**
 * A DevTools client and Chrome, joined byte for byte, but for one command: `Browser.close` is
 * answered as Chrome would, and Chrome never hears of it. Done by whoever is next to Chrome.
 *
 * @module
 */
import type { ByteStream, Clock } from "../host/host.ts";
import { joinWays, pipe, PIPE_BYTES_MAX } from "./byte_pipe.ts";
import { ClientFrames, type CloseCommand } from "./client_frames.ts";
import { FrameScan } from "./frame_scan.ts";
import { type Head, headBytes } from "./http_head.ts";
import { OPCODE, serverFrame } from "./websocket_frames.ts";

/** Closing code of a connection that has done what it was for (RFC 6455, 7.4.1). */
const NORMAL_CLOSURE = 1000;

/** One side of a splice. */
export interface SpliceEnd {
  readonly stream: ByteStream;
  /** What came behind its handshake. */
  readonly early: Uint8Array;
}

/** What a splice joins. */
export interface SpliceParts {
  readonly client: SpliceEnd;
  /** Its `answer` to the handshake is the client's first to get. */
  readonly chrome: SpliceEnd & { readonly answer: Head };
  readonly clock: Clock;
  /** Called once, when the client says where downloads go. */
  readonly onDownloads: () => void;
}

/** Joins them until one has ended or the signal is aborted; both are closed then. Never rejects. */
export async function spliceDevtools(parts: SpliceParts, signal: AbortSignal): Promise<void> {
  const { client, chrome, clock, onDownloads } = parts;
  const answers = new Answers(client.stream);
  const frames = new ClientFrames();
  let isTold = false;
  const toChrome = async (chunk: Uint8Array) => {
    const { passed, close } = frames.push(chunk);
    if (frames.setsDownloads && !isTold) {
      isTold = true;
      onDownloads();
    }
    if (passed.length > 0) await chrome.stream.write(passed);
    if (close !== null) await answers.end(close);
  };
  const inward = async () => {
    await toChrome(client.early);
    await pipe(client.stream, chrome.stream, PIPE_BYTES_MAX, toChrome);
  };
  const toClient = (chunk: Uint8Array) => answers.pass(chunk);
  const outward = async () => {
    await client.stream.write(headBytes(chrome.answer));
    await toClient(chrome.early);
    await pipe(chrome.stream, client.stream, PIPE_BYTES_MAX, toClient);
  };
  const ways = [inward(), Promise.race([outward(), answers.ended])] as const;
  await joinWays([client.stream, chrome.stream], ways, clock, signal);
}

/** What Chrome sends, on its way to the client, which may end between two messages. */
class Answers {
  readonly #ended = Promise.withResolvers<void>();
  /** Resolves once the client was told that the browser is closed. */
  readonly ended = this.#ended.promise;
  readonly #scan = new FrameScan();
  #close: CloseCommand | null = null;
  #isBetweenMessages = true;
  #isWriting = false;
  #isOver = false;

  constructor(private readonly client: ByteStream) {}

  async pass(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    const boundary = this.#scan.push(chunk);
    const size = this.#close !== null && boundary >= 0 ? boundary : chunk.length;
    this.#isWriting = true;
    await this.client.write(size === chunk.length ? chunk : chunk.subarray(0, size));
    this.#isWriting = false;
    this.#isBetweenMessages = boundary === size;
    if (this.#close !== null) await this.#endIfPossible();
  }

  /** Answers the command as Chrome would, and closes; Chrome itself never hears of it. */
  async end(close: CloseCommand): Promise<void> {
    this.#close ??= close;
    await this.#endIfPossible();
  }

  async #endIfPossible(): Promise<void> {
    if (this.#close === null || this.#isWriting || !this.#isBetweenMessages || this.#isOver) return;
    this.#isOver = true;
    const text = JSON.stringify({ ...this.#close.answered, result: {} });
    const code = new Uint8Array([NORMAL_CLOSURE >> 8, NORMAL_CLOSURE & 0xff]);
    await this.client.write(serverFrame(OPCODE.text, new TextEncoder().encode(text)));
    await this.client.write(serverFrame(OPCODE.close, code));
    await this.client.closeWrite();
    this.#ended.resolve();
  }
}

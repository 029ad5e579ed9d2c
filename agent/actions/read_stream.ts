import type { CDPSession, Protocol } from "puppeteer-core";
import type { Deadline } from "../deadline.ts";
import { assertFits } from "./result_size.ts";

/** Bytes that are read at once. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * All that Chrome has in a stream.
 *
 * @throws {ViperError} `result_too_large`, with no more of it in memory than that
 */
export async function readStream(
  handle: Protocol.IO.StreamHandle,
  cdp: CDPSession,
  waitingFor: string,
  deadline: Deadline,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (true) {
    const { data, eof, base64Encoded } = await deadline.race(
      waitingFor,
      cdp.send("IO.read", { handle, size: CHUNK_BYTES }),
    );
    const chunk = base64Encoded ? Uint8Array.fromBase64(data) : new TextEncoder().encode(data);
    chunks.push(chunk);
    length += chunk.length;
    assertFits(length, deadline.action);
    if (eof) break;
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** Passing bytes from one stream to another, as fast as the slower side takes them. */
import type { ByteStream, Clock } from "../host/host.ts";

/** Bytes that a pipe holds at most, each way: what is not taken yet is not read either. */
export const PIPE_BYTES_MAX = 64 * 1024;
/** How long the one way may go on after the other has ended. */
const HALF_OPEN_MS_MAX = 5_000;

/** Takes the bytes of one chunk; those are the pipe's again once it resolves. */
export type Sink = (chunk: Uint8Array) => Promise<void>;

/** Passes all bytes on to the end, then says so to the other side. */
export async function pipe(
  from: ByteStream,
  to: ByteStream,
  bytesMax = PIPE_BYTES_MAX,
  sink: Sink = (chunk) => to.write(chunk),
): Promise<void> {
  const buffer = new Uint8Array(bytesMax);
  for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
    await sink(buffer.subarray(0, size));
  }
  await to.closeWrite();
}

/** Closes the stream when the signal is aborted, unless disposed before. */
export function closedBy(signal: AbortSignal, stream: ByteStream): Disposable {
  const isOver = new AbortController();
  const close = () => stream.close();
  signal.addEventListener("abort", close, { once: true, signal: isOver.signal });
  if (signal.aborted) close();
  return { [Symbol.dispose]: () => isOver.abort() };
}

/**
 * Runs both ways of a connection until one has ended and the other had its time, a way fails, or
 * the signal is aborted; then both streams are closed. Never rejects.
 */
export async function joinWays(
  streams: readonly [ByteStream, ByteStream],
  ways: readonly [Promise<void>, Promise<void>],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const close = () => streams.forEach((stream) => stream.close());
  const isOver = new AbortController();
  signal.addEventListener("abort", close, { once: true, signal: isOver.signal });
  if (signal.aborted) close();
  const all = Promise.all(ways).catch(() => {}); // However a connection fails, it is over.
  try {
    await Promise.race(ways).catch(close);
    await Promise.race([all, clock.sleep(HALF_OPEN_MS_MAX, isOver.signal).catch(() => {})]);
  } finally {
    isOver.abort();
    close();
  }
}

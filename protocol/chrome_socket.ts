/** A WebSocket of Chrome's DevTools, as it is asked for by whoever shares a loopback with Chrome. */
import type { ByteStream, Label, Net } from "../host/host.ts";
import type { Head } from "./http_head.ts";
import { ViperError } from "./problems.ts";
import { handshakeOf, requestUpgrade } from "./upgrade_request.ts";

/** Where Chrome listens, and whoever is there may connect to it. */
export const CHROME_HOSTNAME = "127.0.0.1";

/** A WebSocket of Chrome's, its handshake done. */
export interface ChromeSocket {
  readonly stream: ByteStream;
  /** What Chrome answered with. */
  readonly answer: Head;
  /** What came behind it. */
  readonly early: Uint8Array;
}

/** One of Chrome's WebSockets. */
export interface ChromeTarget {
  readonly port: number;
  /** Such as `/devtools/page/ID`. */
  readonly path: string;
}

/**
 * Connects to Chrome, and asks as the client has asked.
 *
 * @param request the client's headers, of which only the handshake counts
 * @throws {ViperError} `devtools_refused`
 */
export async function openChromeSocket(
  net: Pick<Net, "dial">,
  label: Label,
  { port, path }: ChromeTarget,
  request: Headers,
  signal: AbortSignal,
): Promise<ChromeSocket> {
  const address = { transport: "tcp", hostname: CHROME_HOSTNAME, port } as const;
  const stream = await net.dial(label, address, signal);
  try {
    const headers = handshakeOf(request);
    headers.set("host", `${CHROME_HOSTNAME}:${port}`);
    const { head, rest, status } = await requestUpgrade(stream, path, headers, signal);
    if (status !== 101) throw refused(path, head.start);
    return { stream, answer: head, early: rest };
  } catch (error) {
    stream.close();
    throw error;
  }
}

function refused(path: string, answer: string): ViperError {
  return new ViperError(
    "devtools_refused",
    `Cannot connect to "${path}": failed to connect devtools, Chrome answered "${answer}"`,
  );
}

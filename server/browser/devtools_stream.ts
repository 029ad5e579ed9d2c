/**
 * A client's connection with Chrome, by either way: through the agent's door, which is next to
 * Chrome and watches what passes, or beside it, where the daemon does.
 *
 * @module
 */
import type { ByteStream, Clock } from "../../host/host.ts";
import { joinWays, pipe } from "../../protocol/byte_pipe.ts";
import type { ChromeSocket } from "../../protocol/chrome_socket.ts";
import { spliceDevtools, type SpliceEnd } from "../../protocol/devtools_splice.ts";
import { type Head, headBytes } from "../../protocol/http_head.ts";
import { SETS_DOWNLOADS } from "../../protocol/presence.ts";
import type { AgentLink } from "../vms/incarnation.ts";

/** A WebSocket of Chrome's, its handshake done. */
export interface DevtoolsStream {
  readonly agent: AgentLink;
  /** What Chrome answered with; the client is the next to get it. */
  readonly answer: Head;
  /** Joins it with the client until either has ended or the signal is aborted. Never rejects. */
  join(client: SpliceEnd, signal: AbortSignal): Promise<void>;
}

/** The agent watches what passes. */
export function throughDoor(
  { stream, answer, early }: ChromeSocket,
  agent: AgentLink,
  clock: Clock,
): DevtoolsStream {
  const join = async (client: SpliceEnd, signal: AbortSignal) => {
    const inward = stream.write(client.early).then(() => pipe(client.stream, stream));
    const outward = client.stream.write(headBytes(answer)).then(() => client.stream.write(early))
      .then(() => pipe(stream, client.stream));
    await joinWays([client.stream, stream], [inward, outward], clock, signal);
  };
  return { agent, answer, join };
}

/** @param presence the agent's door, which counts the client by it */
export function besideDoor(
  chrome: ChromeSocket,
  presence: ByteStream,
  agent: AgentLink,
  clock: Clock,
): DevtoolsStream {
  const join = async (client: SpliceEnd, signal: AbortSignal) => {
    using _presence = presence;
    const gone = new AbortController();
    // The door says no more: whatever comes is the end of that Chrome, or of the agent.
    presence.read(new Uint8Array(1)).catch(() => null).then(() => gone.abort());
    const onDownloads = () => void presence.write(SETS_DOWNLOADS).catch(() => gone.abort());
    const parts = { client, chrome, clock, onDownloads };
    await spliceDevtools(parts, AbortSignal.any([signal, gone.signal]));
  };
  return { agent, answer: chrome.answer, join };
}

/**
 * The way to the DevTools of a VM's Chrome: its HTTP endpoints through the relay, and for each
 * WebSocket a bare connection to the agent's door, signed like every request to an agent. A guest's
 * door is the way to Chrome; where the agent is on the daemon's own loopback, so is Chrome.
 *
 * @module
 */
import type { ByteStream, Host } from "../../host/host.ts";
import { closedBy } from "../../protocol/byte_pipe.ts";
import { CHROME_HOSTNAME, openChromeSocket } from "../../protocol/chrome_socket.ts";
import { DEVTOOLS_DOOR_PATH, DEVTOOLS_PREFIX, devtoolsDoor } from "../../protocol/guest.ts";
import { bounded } from "../../protocol/http_body.ts";
import type { Head } from "../../protocol/http_head.ts";
import type { FetchLike } from "../../protocol/http_client.ts";
import { chromeTargetOf, PRESENCE_HEADER } from "../../protocol/presence.ts";
import { ViperError } from "../../protocol/problems.ts";
import { handshakeOf, requestUpgrade } from "../../protocol/upgrade_request.ts";
import type { AgentLink } from "../vms/incarnation.ts";
import { besideDoor, type DevtoolsStream, throughDoor } from "./devtools_stream.ts";
import type { Relay } from "./relay.ts";

/** From the client's request to a connection with Chrome. */
const OPEN_TIMEOUT_MS = 30_000;
/** Bytes of the problem that an agent refuses with. */
const PROBLEM_BYTES_MAX = 16 * 1024;

/** What a client asks Chrome for. */
export interface Wanted {
  readonly vmName: string;
  /** Such as `/devtools/page/ID`. */
  readonly path: string;
  /** The client's request, of which only the handshake counts. */
  readonly handshake: Headers;
}

/** Reaches the DevTools of VMs. */
export class Devtools {
  /** The port of each agent's door, as long as the link stands. */
  readonly #doors = new WeakMap<AgentLink, Promise<number>>();

  constructor(private readonly relay: Relay, private readonly host: Pick<Host, "net" | "clock">) {}

  /** Asks Chrome's HTTP server. @throws {ViperError} `devtools_unavailable` and the relay's own */
  async ask(vmName: string, path: string, request: Request, requestId: string): Promise<Response> {
    const answer = await this.relay.forward(vmName, DEVTOOLS_PREFIX + path, request, requestId)
      .catch((cause) => {
        if (!(cause instanceof ViperError) || cause.status < 500) throw cause;
        throw unavailable(vmName, cause);
      });
    if (answer.status < 500) return answer;
    const cause = await problemOf(answer);
    if (cause?.code === "browser_unavailable") throw unavailable(vmName, cause);
    return new Response(cause === null ? answer.body : null, answer);
  }

  /**
   * Connects to a WebSocket of Chrome's.
   *
   * @throws {ViperError} `vm_not_running`, `devtools_unavailable` or `devtools_refused`
   */
  async connect(wanted: Wanted, signal: AbortSignal): Promise<DevtoolsStream> {
    const { vmName } = wanted;
    const agent = this.relay.agentOf(vmName);
    const late = new AbortController();
    const opened = new AbortController();
    this.host.clock.sleep(OPEN_TIMEOUT_MS, opened.signal).then(() => late.abort(), () => {});
    const bounds = AbortSignal.any([late.signal, signal, agent.signal]);
    try {
      return await this.#connect(agent, wanted, bounds);
    } catch (cause) {
      if (cause instanceof ViperError) throw cause;
      throw unavailable(vmName, cause);
    } finally {
      opened.abort();
    }
  }

  async #connect(agent: AgentLink, wanted: Wanted, signal: AbortSignal): Promise<DevtoolsStream> {
    const { hostname } = new URL(agent.url);
    // Elsewhere an agent could have the daemon connect to whatever it likes.
    const isNear = hostname === CHROME_HOSTNAME;
    const port = await this.#door(agent, signal);
    const address = { transport: "tcp", hostname, port } as const;
    let opened: DevtoolsStream | null = null;
    const attempt: FetchLike = async (url, init) => {
      const stream = await this.host.net.dial("devtools.connect:dial", address, signal);
      try {
        const { host, pathname } = new URL(url);
        const headers = new Headers(init?.headers);
        headers.set("host", host);
        const { head, rest, status } = await requestUpgrade(stream, pathname, headers, signal);
        if (status === 101) {
          opened = throughDoor({ stream, answer: head, early: rest }, agent, this.host.clock);
        } else if (isNear && status === 200) {
          opened = await this.#beside(stream, head, { agent, wanted }, signal);
        }
        if (opened !== null) return new Response(null);
        using _stream = stream;
        using _bound = closedBy(signal, stream);
        return new Response(await bodyText(stream, rest), { status, headers: head.headers });
      } catch (error) {
        stream.close();
        throw error;
      }
    };
    const headers = handshakeOf(wanted.handshake);
    if (isNear) headers.set(PRESENCE_HEADER, "1");
    const url = `http://${hostname}:${port}${DEVTOOLS_PREFIX}${wanted.path}`;
    const answer = await this.relay.signerOf(agent).send(attempt, url, { headers });
    if (opened !== null) return opened;
    throw refused(wanted, await problemOf(answer));
  }

  /** Goes to Chrome itself, now that its agent knows of the client. */
  async #beside(
    presence: ByteStream,
    head: Head,
    { agent, wanted }: { readonly agent: AgentLink; readonly wanted: Wanted },
    signal: AbortSignal,
  ): Promise<DevtoolsStream> {
    const { net, clock } = this.host;
    const target = chromeTargetOf(head);
    try {
      const label = "devtools.chrome:dial";
      const chrome = await openChromeSocket(net, label, target, wanted.handshake, signal);
      return besideDoor(chrome, presence, agent, clock);
    } catch (error) {
      throw error instanceof ViperError ? refused(wanted, error) : error;
    }
  }

  #door(agent: AgentLink, signal: AbortSignal): Promise<number> {
    const known = this.#doors.get(agent);
    if (known !== undefined) return known;
    const asking = this.#askDoor(agent, signal);
    this.#doors.set(agent, asking);
    asking.catch(() => this.#doors.delete(agent));
    return asking;
  }

  async #askDoor(agent: AgentLink, signal: AbortSignal): Promise<number> {
    const send: FetchLike = (url, init) => agent.pool.fetch("devtools.door:fetch", url, init);
    const url = agent.url + DEVTOOLS_DOOR_PATH;
    const answer = await this.relay.signerOf(agent).send(send, url, { method: "POST", signal });
    return devtoolsDoor.parse(await bounded(answer, PROBLEM_BYTES_MAX).json()).port;
  }
}

async function bodyText(stream: ByteStream, rest: Uint8Array): Promise<string> {
  const bytes = new Uint8Array(PROBLEM_BYTES_MAX);
  bytes.set(rest.subarray(0, PROBLEM_BYTES_MAX));
  let length = Math.min(rest.length, PROBLEM_BYTES_MAX);
  while (length < PROBLEM_BYTES_MAX) {
    const size = await stream.read(bytes.subarray(length));
    if (size === null) break;
    length += size;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

async function problemOf(response: Response): Promise<ViperError | null> {
  return ViperError.fromProblem(
    await bounded(response, PROBLEM_BYTES_MAX).json().catch(() => null),
  );
}

function refused({ vmName, path }: Wanted, cause: ViperError | null): ViperError {
  const message = `Cannot connect to "${path}" of VM "${vmName}": failed to connect devtools`;
  return new ViperError("devtools_refused", message, { cause });
}

function unavailable(vmName: string, cause: unknown): ViperError {
  const message = `Cannot reach the DevTools of VM "${vmName}": devtools metadata unavailable`;
  return new ViperError("devtools_unavailable", message, { cause });
}

/**
 * Browser operations and raw requests on their way to a VM's agent. The daemon has validated an
 * operation's input; the agent's answer, good or bad, is passed on as it comes.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import type { Operation } from "../../protocol/operation.ts";
import { BODY_LIMIT_BYTES, readBody } from "../../protocol/http_body.ts";
import { REQUEST_ID_HEADER } from "../../protocol/http_server.ts";
import { type FetchLike, requestOf } from "../../protocol/http_client.ts";
import { ViperError } from "../../protocol/problems.ts";
import { type SignableInit, Signer } from "../../protocol/signer.ts";
import type { AgentLink } from "../vms/incarnation.ts";

/** How long a raw request may wait for its answer to begin. */
const FORWARD_TIMEOUT_MS = 120_000;
/** https://www.w3.org/TR/trace-context/ */
const TRACE_HEADERS = ["traceparent", "tracestate"];
/** What a raw request is called where operations are counted. */
export const FORWARD = "agent.forward";
/** How much later than the agent's own timeout the relay gives up. */
const GRACE_MS = 5_000;
/** Headers that belong to one connection (RFC 9110 section 7.6.1) or are the daemon's affair. */
const NOT_FORWARDED = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
  "accept-encoding",
  "authorization",
  "x-viper-api-key",
  "cookie",
  "origin",
];

/** By these a guest would change what a person's browser keeps of the daemon, or asks of the person. */
const ACTING = [
  ...["set-cookie", "clear-site-data", "www-authenticate", "refresh", "service-worker-allowed"],
  ...["strict-transport-security", "alt-svc", "nel", "report-to", "reporting-endpoints"],
];

/** Told how long an agent took until its answer began, in seconds. */
export type OnAnswer = (operation: string, seconds: number) => void;

/** Finds the agent of a running VM by the VM's name. */
export type AgentOf = (vmName: string) => AgentLink;

/** What an agent is to know of who asks for an operation. */
export interface OperationCaller {
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Media types that the client takes, as a header Accept. */
  readonly accept: string;
}

/** One request to an agent. */
interface AgentRequest {
  readonly operation: string;
  readonly path: string;
  readonly init: SignableInit;
  readonly timeoutMs: number;
}

/** Sends requests to agents. */
export class Relay {
  /** One each for the time that the link stands, since a key is imported once. */
  readonly #signers = new WeakMap<AgentLink, Signer>();

  constructor(
    readonly agentOf: AgentOf,
    private readonly host: Pick<Host, "clock" | "random" | "telemetry">,
    private readonly onAnswer: OnAnswer,
  ) {}

  /** Calls an operation; the answer is the agent's, its body still on the way. */
  async call(
    vmName: string,
    operation: Operation,
    input: { readonly timeout_ms: number },
    { signal, requestId, accept }: OperationCaller,
  ): Promise<Response> {
    const { path, body } = requestOf(operation, input);
    const init = {
      method: operation.http.method,
      headers: { "content-type": "application/json", accept, [REQUEST_ID_HEADER]: requestId },
      ...(body === undefined ? {} : { body }),
    };
    const timeoutMs = input.timeout_ms + GRACE_MS;
    return await this.#send(vmName, { operation: operation.name, path, init, timeoutMs }, signal);
  }

  /**
   * Sends a request that is no operation of ours; `path` begins with a slash.
   *
   * @throws {ViperError} `body_too_large`, since what is signed is read to its end before
   */
  async forward(
    vmName: string,
    path: string,
    request: Request,
    requestId: string,
  ): Promise<Response> {
    if (request.headers.has("upgrade")) {
      throw new ViperError(
        "invalid_request",
        `Cannot upgrade "${path}": the agent proxy takes plain HTTP`,
      );
    }
    const headers = withoutHops(request.headers, NOT_FORWARDED);
    headers.set(REQUEST_ID_HEADER, requestId);
    // Deno adds the context of this trace, and to what stands there already.
    if (this.host.telemetry !== null) TRACE_HEADERS.forEach((name) => headers.delete(name));
    const body = await readBody(request, BODY_LIMIT_BYTES);
    const init = { method: request.method, headers, ...(body.length === 0 ? {} : { body }) };
    const timeoutMs = FORWARD_TIMEOUT_MS;
    return await this.#send(
      vmName,
      { operation: FORWARD, path, init, timeoutMs },
      request.signal,
    );
  }

  async #send(
    vmName: string,
    { operation, path, init, timeoutMs }: AgentRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const agent = this.agentOf(vmName);
    using _use = agent.use();
    // The query may hold secrets, and messages reach logs.
    const [route] = path.split("?");
    const timeout = new AbortController();
    const answered = new AbortController();
    this.host.clock.sleep(timeoutMs, answered.signal).then(
      () => timeout.abort(new Error(`No answer in ${timeoutMs} ms`)),
      () => {}, // Answered in time; the body may take as long as it is read.
    );
    const send: FetchLike = (url, init) => agent.pool.fetch("relay.send:fetch", url, init);
    const startMs = this.host.clock.monotonicMs();
    try {
      const response = await this.signerOf(agent).send(send, agent.url + path, {
        ...init,
        redirect: "manual",
        signal: AbortSignal.any([timeout.signal, signal, agent.signal]),
      });
      this.onAnswer(operation, (this.host.clock.monotonicMs() - startMs) / 1_000);
      return passOn(response);
    } catch (error) {
      if (agent.signal.aborted) {
        const message = `Cannot finish "${route}" on VM "${vmName}": the VM has ended`;
        throw new ViperError("vm_not_running", message, { cause: error });
      }
      if (timeout.signal.aborted) {
        const message = `Cannot finish "${route}" on VM "${vmName}": no answer in ${timeoutMs} ms`;
        throw new ViperError("agent_timeout", message, { cause: error });
      }
      const message = `Cannot reach the agent of VM "${vmName}" for "${route}"`;
      throw new ViperError("agent_unreachable", message, { cause: error });
    } finally {
      answered.abort();
    }
  }

  /** Signs what is sent to that agent. */
  signerOf(agent: AgentLink): Signer {
    const known = this.#signers.get(agent);
    if (known !== undefined) return known;
    const signer = new Signer(agent.token, "agent", this.host);
    this.#signers.set(agent, signer);
    return signer;
  }
}

function passOn(response: Response): Response {
  const shared = [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
  const dropped = [
    ...NOT_FORWARDED.filter((name) => name !== "content-length"),
    ...shared,
    ...ACTING,
  ];
  const headers = withoutHops(response.headers, dropped);
  // What a guest answers must not act in the daemon's name when a person opens it in a browser.
  headers.set("content-security-policy", "sandbox");
  headers.set("x-content-type-options", "nosniff");
  return new Response(response.body, { status: response.status, headers });
}

/** A copy without the given headers and without those that `Connection` names. */
function withoutHops(from: Headers, dropped: readonly string[]): Headers {
  const headers = new Headers(from);
  const named = from.get("connection")?.match(/[\w!#$%&'*+.^`|~-]+/g) ?? [];
  for (const name of [...dropped, ...named]) headers.delete(name);
  return headers;
}

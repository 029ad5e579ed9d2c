import { ViperError } from "./problems.ts";

/** Bytes of a request body at most, but of those that bring files or profiles. */
export const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Reads a request's body as a JSON object; no body at all is an empty one.
 *
 * @throws {ViperError} `body_too_large`, `unsupported_media_type` or `invalid_json`
 */
export async function readJsonObject(
  request: Request,
  bytesMax = BODY_LIMIT_BYTES,
): Promise<Record<string, unknown>> {
  const bytes = await readBody(request, bytesMax);
  if (bytes.length === 0) return {};
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new ViperError(
      "unsupported_media_type",
      `Cannot read a request body of type "${mediaType ?? ""}"`,
    );
  }
  const value = parseJson(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ViperError("invalid_json", "Cannot read the request body: it is not a JSON object");
  }
  return value as Record<string, unknown>;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ViperError("invalid_json", `Cannot read the request body: ${reason}`, {
      cause: error,
    });
  }
}

/** Reads a request's body to its end. @throws {ViperError} `body_too_large` */
export async function readBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0] as Uint8Array<ArrayBuffer>;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function tooLarge(bytesMax: number): ViperError {
  return new ViperError(
    "body_too_large",
    `Cannot read a request body of more than ${bytesMax} bytes`,
  );
}

/**
 * An agent's answer, whose body fails beyond so many bytes: a guest may be hostile, and who reads an
 * answer to its end holds all of it. The body fails with {@linkcode ViperError} `agent_unreachable`.
 */
export function bounded(response: Response, bytesMax: number): Response {
  if (response.body === null) return response;
  let length = 0;
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        length += chunk.length;
        if (length <= bytesMax) return controller.enqueue(chunk);
        const message = `Cannot read the agent's answer: it has more than ${bytesMax} bytes`;
        throw new ViperError("agent_unreachable", message);
      },
    }),
  );
  return new Response(body, response);
}

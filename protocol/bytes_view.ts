/**
 * Answers that are a file at heart, such as a picture: their JSON holds it in a member, and who
 * asks for its media type by the header Accept (RFC 9110, 12.5.1) gets its bytes alone.
 *
 * @module
 */
import { parseAccept } from "hono/utils/accept";
import type { BytesView, Operation } from "./operation.ts";
import { ViperError } from "./problems.ts";

const JSON_TYPE = "application/json";

/** How one request is answered. */
export interface ChosenView {
  /** Of the bytes alone; `null`: the JSON. */
  readonly mediaType: string | null;
  /** For the member `format` of an input that leaves it out. */
  readonly format?: string;
}

/**
 * Chooses by what the client would rather have; JSON when it has no preference. `format` is what
 * the input names, if it does.
 *
 * @throws {ViperError} `not_acceptable` when the client takes another format's bytes and nothing else
 */
export function chooseView(
  { name, bytes }: Pick<Operation, "name" | "bytes">,
  accept: string,
  format: unknown,
): ChosenView {
  if (bytes === undefined) return { mediaType: null };
  const quality = qualities(accept);
  const json = quality(JSON_TYPE);
  const types = typesOf(bytes);
  const isChosen = format !== undefined && typeof bytes.mediaType !== "string";
  const offered = isChosen ? types.filter(([word]) => word === format) : types;
  let best: ChosenView = { mediaType: null };
  let most = json;
  for (const [word, mediaType] of offered) {
    if (quality(mediaType) <= most) continue;
    most = quality(mediaType);
    best = { mediaType, ...(word === undefined ? {} : { format: word }) };
  }
  // Who takes nothing that there is gets JSON. Who takes what another format has is told so.
  const wantsOther = offered.length > 0 && types.some(([, type]) => quality(type) > 0);
  if (best.mediaType !== null || json > 0 || !wantsOther) return best;
  throw new ViperError(
    "not_acceptable",
    `Cannot answer ${name} as "${accept}": the request asks for the format "${format}"`,
  );
}

/** The bytes that an answer holds. */
export function bytesOf(
  { member, encoding = "base64" }: BytesView,
  answer: unknown,
): Uint8Array<ArrayBuffer> {
  const text = (answer as Record<string, string>)[member] ?? "";
  return encoding === "base64" ? Uint8Array.fromBase64(text) : new TextEncoder().encode(text);
}

/** Each format with its media type; one without a word where there is no choice. */
function typesOf({ mediaType }: BytesView): (readonly [string | undefined, string])[] {
  return typeof mediaType === "string" ? [[undefined, mediaType]] : Object.entries(mediaType);
}

/** How much the client wants a media type, by the most specific range that fits. */
function qualities(accept: string): (mediaType: string) => number {
  const ranges = new Map(
    parseAccept(accept || "*/*").map(({ type, q }) => [type.toLowerCase(), q]),
  );
  return (mediaType) => {
    const [plain = ""] = mediaType.split(";");
    const [kind] = plain.split("/");
    return ranges.get(plain) ?? ranges.get(`${kind}/*`) ?? ranges.get("*/*") ?? 0;
  };
}

/** A file as an answer, read as it is taken. */
import type { Files } from "../../host/host.ts";

/** Bytes that are read at a time, so that a file of any size costs no more memory. */
const CHUNK_BYTES = 256 * 1024;

/** The answer, whose body fails when the file goes away or is shorter than it was. */
export async function fileResponse(
  path: string,
  filename: string,
  mediaType: string,
  files: Pick<Files, "stat" | "readFrom">,
): Promise<Response> {
  const info = await files.stat("agent.downloads:stat", path);
  if (info === null) throw new Error(`${path} is not there any more`);
  const { size } = info;
  let offset = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (offset === size) return controller.close();
      const wanted = Math.min(CHUNK_BYTES, size - offset);
      const chunk = await files.readFrom("agent.downloads:read", path, offset, wanted);
      if (chunk.length === 0) throw new Error(`${path} ends at ${offset} and not at ${size}`);
      offset += chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: {
      "content-type": mediaType,
      "content-length": String(size),
      "content-disposition": contentDisposition(filename),
    },
  });
}

/**
 * Says that the answer is a file to keep, and its name: in ASCII for those who know no other, and
 * as it is. Source: RFC 6266, RFC 8187.
 */
export function contentDisposition(filename: string): string {
  const plain = filename.replaceAll(/[^\x20-\x7e]|["\\%/]/g, "_");
  const encoded = encodeURIComponent(filename.toWellFormed())
    .replaceAll(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

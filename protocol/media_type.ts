import { getMimeType } from "hono/utils/mime";

/** What the file's ending says of its media type, without parameters; `undefined`: nothing. */
export function mediaTypeOf(fileName: string): string | undefined {
  return getMimeType(fileName)?.replace(/;.*/, "");
}

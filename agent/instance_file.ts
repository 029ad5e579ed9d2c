/** Reading the file that a VM is born with. */
import * as z from "zod";
import type { Host } from "../host/host.ts";
import { type Instance, instance } from "../protocol/guest.ts";
import { ViperError } from "../protocol/problems.ts";

// Compiling a parser pays after many uses; this one is used once, and before anything else can be.
z.config({ jitless: true });

/**
 * Reads and validates the file. Its text never gets into an error, since it holds a secret.
 *
 * @throws {ViperError} `invalid_json` or `invalid_request`
 */
export async function readInstance(
  path: string,
  { files }: Pick<Host, "files">,
): Promise<Instance> {
  const text = await files.readText("agent:instance_read", path);
  const parsed = instance.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new ViperError("invalid_request", `Cannot use "${path}": ${reasons.join("; ")}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ViperError("invalid_json", `Cannot use "${path}": it is not JSON`);
  }
}

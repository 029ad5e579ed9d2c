import { denoHost } from "../../host/deno_host.ts";
import { Signer } from "../../protocol/signer.ts";

/** The headers by which an agent takes a request for the daemon's, for a bare connection. */
export async function signedHeaders(
  token: string,
  target: string,
): Promise<Record<string, string>> {
  let signed = new Headers();
  await new Signer(token, "agent", denoHost({ log: () => {} })).send(
    (_url, init) => {
      signed = new Headers(init?.headers);
      return Promise.resolve(new Response());
    },
    `http://127.0.0.1${target}`,
    {},
  );
  return Object.fromEntries(signed);
}

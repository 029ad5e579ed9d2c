/** A proxy that asks for a password; like many it keeps connections open. */
import { denoHost } from "../../host/deno_host.ts";
import type { ByteStream } from "../../host/host.ts";
import { joinWays, pipe } from "../../protocol/byte_pipe.ts";
import { readHead } from "../../protocol/http_head.ts";

/** What came to it. */
export interface AskingProxy extends Disposable {
  readonly port: number;
  /** First lines of requests with the right password, in their order. */
  readonly let: string[];
  /** Of the others. */
  readonly refused: string[];
}

/** Listens on loopback. Answers plain requests with a page; tunnels all lead to `port` there. */
export async function startAskingProxy(
  { username, password, port }: { username: string; password: string; port: number },
  listen = { hostname: "127.0.0.1", port: 0 },
): Promise<AskingProxy> {
  const host = denoHost({ log: () => {} });
  const expected = `Basic ${new TextEncoder().encode(`${username}:${password}`).toBase64()}`;
  const seen = { let: [] as string[], refused: [] as string[] };
  const ended = new AbortController();
  const say = (client: ByteStream, text: string) => client.write(new TextEncoder().encode(text));
  const answer = (client: ByteStream, status: string, body: string, more = "") =>
    say(
      client,
      `HTTP/1.1 ${status}\r\n${more}content-type: text/html\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
  const serve = async (client: ByteStream) => {
    ended.signal.addEventListener("abort", () => client.close(), { once: true });
    while (true) {
      const { head } = await readHead(client);
      if (head.headers.get("proxy-authorization") !== expected) {
        seen.refused.push(head.start);
        await answer(
          client,
          "407 Proxy Authentication Required",
          "who are you?",
          'proxy-authenticate: Basic realm="test"\r\n',
        );
        continue;
      }
      seen.let.push(head.start);
      if (head.start.startsWith("CONNECT ")) {
        const address = { transport: "tcp", hostname: "127.0.0.1", port } as const;
        const site = await host.net.dial("test:site", address);
        await say(client, "HTTP/1.1 200 Connection established\r\n\r\n");
        return await joinWays(
          [client, site],
          [pipe(client, site), pipe(site, client)],
          host.clock,
          ended.signal,
        );
      }
      const path = new URL(head.start.split(" ")[1] ?? "").pathname;
      const frames = ["/a", "/b", "/c"].map((name) => `<iframe src="${name}"></iframe>`).join("");
      await answer(client, "200 OK", `<title>proxied ${path}</title>${path === "/" ? frames : ""}`);
    }
  };
  const listener = await host.net.accept(
    "test:proxy",
    listen,
    (client) => void serve(client).catch(() => client.close()),
  );
  return {
    ...seen,
    port: listener.port,
    [Symbol.dispose]: () => {
      ended.abort();
      listener.close();
    },
  };
}

import type { Net } from "./host.ts";

/** Sockets as the machine has them. */
export const denoNet: Net = {
  connect: async (_label, address, signal) => {
    const conn = address.transport === "tcp"
      ? await Deno.connect({ hostname: address.hostname, port: address.port, ...by(signal) })
      : await Deno.connect({ transport: "unix", path: address.path, ...by(signal) });
    const close = () => {
      try {
        conn.close();
      } catch (error) {
        // Closed already, by the other side or by one of the streams.
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    };
    return {
      readable: conn.readable,
      writable: conn.writable,
      close,
      [Symbol.asyncDispose]: () => Promise.resolve(close()),
    };
  },
  reachDirectly: (hosts) => {
    // The variable that Deno and its children heed; it is read when connections are made.
    const known = (Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy") ?? "").split(",");
    Deno.env.set("NO_PROXY", [...new Set([...known, ...hosts])].filter(Boolean).join(","));
  },
  fetch: (_label, url, init) => fetch(url, init),
  openPool: (_label) => {
    const client = Deno.createHttpClient({});
    return {
      fetch: (_label, url, init = {}) => fetch(url, { ...init, client }),
      [Symbol.dispose]: () => client.close(),
    };
  },
  serve: async (_label, address, handler) => {
    const server = Deno.serve(
      { ...address, onListen: () => {}, onError: () => new Response(null, { status: 500 }) },
      (request, info) => {
        const peer = info.remoteAddr as Deno.NetAddr;
        return handler(request, { hostname: peer.hostname, port: peer.port });
      },
    );
    await Promise.resolve();
    return { port: (server.addr as Deno.NetAddr).port, shutdown: () => server.shutdown() };
  },
};

function by(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

import { acceptStreams, dialStream, openConn } from "./deno_streams.ts";
import type { HttpHandler, Net, ServerSocket } from "./host.ts";
import { asOwner } from "./owner_socket.ts";

/** Sockets as the machine has them. */
export const denoNet: Net = {
  connect: async (_label, address, signal) => {
    const conn = await openConn(address, signal);
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
  dial: (_label, address, signal) => dialStream(address, signal),
  accept: (_label, address, onStream) => acceptStreams(address, onStream),
  reachDirectly: (hosts) => {
    // The variable that Deno and its children heed; it is read when connections are made.
    const known = (Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy") ?? "").split(",");
    Deno.env.set("NO_PROXY", [...new Set([...known, ...hosts])].filter(Boolean).join(","));
  },
  fetch: (_label, url, init) => fetch(url, init),
  openPool: (_label, { socket } = {}) => {
    const client = socket === undefined ? Deno.createHttpClient({}) : unixClient(socket);
    return {
      fetch: (_label, url, init = {}) => fetch(url, { ...init, client }),
      [Symbol.dispose]: () => client.close(),
    };
  },
  upgrade: (_label, request, protocol) => upgrade(request, protocol),
  serve: async (_label, address, handler) => {
    await Promise.resolve();
    if ("path" in address) return serveSocket(address.path, handler);
    const { hostname, port, tls = {} } = address;
    const server = Deno.serve(
      { hostname, port, ...tls, ...QUIET },
      (request, { remoteAddr: peer }) =>
        handler(request, { hostname: peer.hostname, port: peer.port }),
    );
    return { port: server.addr.port, shutdown: () => server.shutdown() };
  },
};

function upgrade(request: Request, protocol: string | undefined) {
  const options = protocol === undefined ? {} : { protocol };
  const { response, socket } = Deno.upgradeWebSocket(request, options);
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  opened.promise.catch(() => {}); // Nobody may wait for it.
  socket.onopen = () => opened.resolve();
  socket.onclose = () => {
    opened.reject(new Error("The WebSocket was closed before it was open"));
    closed.resolve();
  };
  socket.onerror = () => {}; // The close that follows it is what counts.
  const accepted: ServerSocket = {
    opened: opened.promise,
    closed: closed.promise,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code, reason) => {
      opened.promise.then(() => socket.close(code, reason), () => {});
    },
  };
  return { response, socket: accepted };
}

const QUIET = { onListen: () => {}, onError: () => new Response(null, { status: 500 }) };

function serveSocket(path: string, handler: HttpHandler) {
  const server = asOwner(() => Deno.serve({ path, ...QUIET }, (request) => handler(request, null)));
  return { port: 0, shutdown: () => server.shutdown() };
}

/** The variables that exempt hosts from proxies; a client reads them when it is made. */
const EXEMPTIONS = ["NO_PROXY", "no_proxy"];

/** To Deno the socket is a proxy, so hosts that are exempt from proxies would not go there. */
function unixClient(path: string): Deno.HttpClient {
  const values = EXEMPTIONS.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of EXEMPTIONS) Deno.env.delete(name);
  try {
    return Deno.createHttpClient({ proxy: { transport: "unix", path } });
  } finally {
    for (const [name, value] of values) if (value !== undefined) Deno.env.set(name, value);
  }
}

/** Byte streams as the machine has them. */
import type { Address, ByteStream, Peer, ServeAddress, StreamListener } from "./host.ts";
import { asOwner } from "./owner_socket.ts";

/** Connects. @throws the system's error, or the signal's reason */
export async function openConn(address: Address, signal?: AbortSignal): Promise<Deno.Conn> {
  const bounds = signal === undefined ? {} : { signal };
  if (address.transport === "unix") {
    return await Deno.connect({ transport: "unix", path: address.path, ...bounds });
  }
  const { transport, hostname, port } = address;
  if (transport === "tls") return await Deno.connectTls({ hostname, port, ...bounds });
  return await Deno.connect({ hostname, port, ...bounds });
}

/** Connects and hands over the bare connection. */
export async function dialStream(address: Address, signal?: AbortSignal): Promise<ByteStream> {
  const conn = await openConn(address, signal);
  // What is passed on has been gathered by others already.
  if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  const { localAddr } = conn;
  return byteStream(conn, "port" in localAddr ? localAddr.port : 0);
}

/** Accepts until closed. */
export async function acceptStreams(
  address: ServeAddress,
  onStream: (stream: ByteStream, peer: Peer) => void,
): Promise<StreamListener> {
  await Promise.resolve();
  if ("path" in address) {
    const listener = asOwner(() => Deno.listen({ transport: "unix", path: address.path }));
    follow(listener, (conn) => onStream(byteStream(conn, 0), null));
    return { port: 0, close: () => listener.close() };
  }
  const { hostname, port, tls } = address;
  const onTcp = (conn: Deno.TcpConn | Deno.TlsConn) => {
    if ("setNoDelay" in conn) conn.setNoDelay(true);
    const { hostname, port } = conn.remoteAddr;
    onStream(byteStream(conn, conn.localAddr.port), { hostname, port });
  };
  const listener = tls === undefined
    ? Deno.listen({ hostname, port })
    : Deno.listenTls({ hostname, port, ...tls, alpnProtocols: ["h2", "http/1.1"] });
  follow<Deno.TcpConn | Deno.TlsConn>(listener, onTcp);
  return { port: listener.addr.port, close: () => listener.close() };
}

/** How long to wait when the process has no descriptor left for a connection (accept(2), EMFILE). */
const ACCEPT_PAUSE_MS = 100;

async function follow<Conn extends Deno.Conn>(
  listener: { accept(): Promise<Conn> },
  onConn: (conn: Conn) => void,
): Promise<void> {
  while (true) {
    try {
      onConn(await listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return; // Closed.
      }
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
    }
  }
}

function byteStream(conn: Deno.Conn, localPort: number): ByteStream {
  let isClosed = false;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    conn.close();
  };
  return {
    localPort,
    read: (buffer) => conn.read(buffer),
    write: async (bytes) => {
      for (let size = 0; size < bytes.length;) {
        size += await conn.write(size === 0 ? bytes : bytes.subarray(size));
      }
    },
    closeWrite: () => conn.closeWrite(),
    close,
    [Symbol.dispose]: close,
  };
}

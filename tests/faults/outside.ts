/** Stands for the internet: answers as these addresses; `deno run outside.ts ADDRESS…`. */
import { createSocket } from "node:dgram";

/** Ports that accept TCP connections and send back what they get. */
export const OUTSIDE_PORTS = [80, 53];

if (import.meta.main) {
  for (const port of OUTSIDE_PORTS) void accept(Deno.listen({ hostname: "0.0.0.0", port }));
  // An answer comes from where it was asked, so each address has a socket of its own.
  for (const address of Deno.args) {
    const socket = createSocket("udp4");
    socket.on("message", (message, from) => socket.send(message, from.port, from.address));
    socket.bind(53, address);
  }
}

async function accept(listener: Deno.Listener): Promise<void> {
  for await (const connection of listener) {
    void connection.readable.pipeTo(connection.writable).catch(() => {});
  }
}

/** Sockets as the machine has them, where Deno's own behaviour is not what the contract says. */
import assert from "node:assert/strict";
import { denoNet } from "../../../host/deno_net.ts";

Deno.test("openPool() with a socket goes there, whatever hosts are exempt from proxies", async () => {
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/http.sock`;
  const server = Deno.serve(
    { path: socket, onListen: () => {} },
    (request) => new Response(new URL(request.url).pathname),
  );
  const before = Deno.env.get("NO_PROXY");
  try {
    Deno.env.set("NO_PROXY", "*");
    using pool = denoNet.openPool("test", { socket });
    const response = await pool.fetch("test", "http://localhost/here");
    assert.equal(await response.text(), "/here");
    assert.equal(Deno.env.get("NO_PROXY"), "*");
  } finally {
    if (before === undefined) Deno.env.delete("NO_PROXY");
    else Deno.env.set("NO_PROXY", before);
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

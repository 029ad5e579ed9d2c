/** The Unix socket: open to its owner alone, replaced when stale, and nobody else's. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { denoHost } from "../../../host/deno_host.ts";
import { listenOnSocket } from "../../../server/listen.ts";

const host = denoHost({ log: () => {} });
const app = new Hono().get("/", (c) => c.json({ peer: (c.env as { peer: unknown }).peer }));

async function withPath(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "viper-socket-" });
  try {
    await body(`${folder}/s`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function ask(path: string): Promise<unknown> {
  using pool = host.net.openPool("test:pool", { socket: path });
  return await (await pool.fetch("test:fetch", "http://viper/")).json();
}

Deno.test("listenOnSocket() serves with no peer's address, to the owner alone, and leaves nothing", () =>
  withPath(async (path) => {
    {
      const umask = Deno.umask(0o022);
      await using listener = await listenOnSocket(host, path, app);
      assert.equal(Deno.umask(umask), 0o022, "the process's umask is as before");
      assert.equal(listener.url, `unix:${path}`);
      assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
      assert.deepEqual(await ask(path), { peer: null });
    }
    assert.equal(await host.files.stat("test:stat", path), null);
  }));

Deno.test("listenOnSocket() replaces a socket on which nobody answers", () =>
  withPath(async (path) => {
    const args = ["-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path];
    const dead = await new Deno.Command("python3", { args }).output().catch(() => null);
    if (dead === null) return console.log("skipped: python3, which leaves a socket, is missing");
    assert.ok(Deno.lstatSync(path).isSocket);
    await using _listener = await listenOnSocket(host, path, app);
    assert.deepEqual(await ask(path), { peer: null });
  }));

Deno.test("listenOnSocket() refuses a socket on which somebody answers, and leaves it", () =>
  withPath(async (path) => {
    await using _first = await listenOnSocket(host, path, app);
    await assert.rejects(listenOnSocket(host, path, app), /another daemon does.*--socket/);
    assert.deepEqual(await ask(path), { peer: null });
  }));

Deno.test("listenOnSocket() refuses what is no socket, and leaves it", () =>
  withPath(async (path) => {
    Deno.writeTextFileSync(path, "precious");
    await assert.rejects(listenOnSocket(host, path, app), /it is no socket; choose another/);
    assert.equal(Deno.readTextFileSync(path), "precious");
  }));

/** A site that tells each request what it was sent, on two names, which are two sites to Chrome. */

const WORKER = `const told = () => fetch("/told").then((r) => r.text());
  const say = async (port) => port.postMessage([navigator.userAgent, await told()]);
  onconnect = ({ ports: [port] }) => say(port);
  onmessage = ({ data, source }) => say(source ?? self);`;

const CONTROLLER = `oninstall = () => skipWaiting(); onactivate = () => clients.claim();
  onmessage = ({ source }) => fetch("/told").then((r) => r.text())
    .then((told) => source.postMessage([navigator.userAgent, told]));`;

/** Serves the mirror on loopback until disposed. */
export function serveMirror(): { url: string; otherUrl: string } & AsyncDisposable {
  const ending = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: ending.signal },
    (request) => {
      const { pathname } = new URL(request.url);
      const isLet = request.headers.get("authorization") === `Basic ${btoa("me:secret")}`;
      if (pathname === "/private" && !isLet) {
        const headers = { "www-authenticate": 'Basic realm="x"', "content-type": "text/html" };
        return new Response("<title>Closed</title>", { status: 401, headers });
      }
      const script = { headers: { "content-type": "text/javascript" } };
      if (pathname === "/worker.js") return new Response(WORKER, script);
      if (pathname === "/controller.js") return new Response(CONTROLLER, script);
      const sent = JSON.stringify(Object.fromEntries(request.headers));
      if (pathname === "/told") return new Response(sent);
      return new Response(
        `<title>${pathname}</title><meta name=viewport content="width=device-width">` +
          `<link rel=icon href=data:,><script>sent = ${sent};
          onmessage = ({ source, data }) => data === "ask" && source.postMessage(
            [navigator.userAgent, JSON.stringify(sent), new Date(0).getTimezoneOffset()], "*")</script>`,
        { headers: { "content-type": "text/html" } },
      );
    },
  );
  const { port } = server.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    otherUrl: `http://localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await server.finished;
    },
  };
}

/** The pages that clients are tried on; `other` is the same site under another origin. */

const MULTIPLES = "Array.from({ length: 5 }, (_, at) => at * data)";

const PAGES: Readonly<Record<string, string>> = {
  "/": `<title>Home</title><h1>Home</h1>
    <button id=count onclick="this.textContent = 'clicked ' + ++n">press</button>
    <input id=name><input id=box type=checkbox><select id=pick><option>a<option>b</select>
    <textarea id=area></textarea><input id=file type=file multiple>
    <div id=late></div><a id=link href=/second>second</a>
    <div id=host></div>
    <script>
      let n = 0;
      setTimeout(() => document.querySelector("#late").textContent = "here", 150);
      document.querySelector("#host").attachShadow({ mode: "open" }).innerHTML =
        "<p id=inner>shadow</p>";
    </script>`,
  "/second": "<title>Second</title><p>second page</p>",
  "/frames": "<title>Frames</title><iframe id=f src=OTHER/inner></iframe>",
  "/inner": "<title>Inner</title><button id=b onclick=\"this.textContent='hit'\">inside</button>",
  "/popup": "<title>Popup</title><button id=b onclick=\"window.open('/second')\">open</button>",
  "/dialogs": `<title>Dialogs</title><script>
      window.ask = () => [confirm("sure?"), prompt("name?", "none"), alert("done")];
    </script>`,
  "/worker": `<title>Worker</title><script>
      window.work = () => new Promise((resolve) => {
        const worker = new Worker("/worker.js");
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(7);
      });
    </script>`,
  "/service": `<title>Service</title><script>
      window.ready = navigator.serviceWorker.register("/service.js")
        .then(() => navigator.serviceWorker.ready).then(() => true);
    </script>`,
  "/download": "<title>Download</title><a id=d download href=/file.bin>file</a>",
  "/console": `<title>Console</title><script>
      console.log("one", 2, { three: 3 });
      setTimeout(() => { throw new Error("thrown"); });
    </script>`,
  "/tall": "<title>Tall</title><body style='margin:0;background:#def'><div style=height:3000px>",
};

const SCRIPTS: Readonly<Record<string, string>> = {
  "/worker.js": `onmessage = ({ data }) => postMessage(${MULTIPLES})`,
  "/service.js": `
    onactivate = (event) => event.waitUntil(clients.claim());
    onfetch = (event) => {
      if (event.request.url.endsWith("/made")) event.respondWith(new Response("by the worker"));
    };`,
};

/** What `/file.bin` holds. */
export const FILE = Uint8Array.from({ length: 300_000 }, (_, at) => at * 7 & 0xff);

/** A served site. */
export interface Site extends AsyncDisposable {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** The same pages, of another origin and site. */
  readonly other: string;
}

/** Where a site is served; the other origin is the second port, under a name of its own. */
export interface Place {
  readonly hostname: string;
  readonly ports: readonly [number, number];
  readonly otherHostname: string;
}

const LOOPBACK: Place = { hostname: "127.0.0.1", ports: [0, 0], otherHostname: "localhost" };

/** Serves until disposed. */
export function serveSite({ hostname, ports, otherHostname }: Place = LOOPBACK): Site {
  let other = "";
  const answer = (request: Request): Response | Promise<Response> => {
    const { pathname } = new URL(request.url);
    const html = { "content-type": "text/html; charset=utf-8" };
    const page = PAGES[pathname];
    if (page !== undefined) {
      return new Response(`<!doctype html>${page.replace("OTHER", other)}`, { headers: html });
    }
    const script = SCRIPTS[pathname];
    if (script !== undefined) {
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    }
    if (pathname === "/file.bin") {
      return new Response(FILE, { headers: { "content-disposition": "attachment" } });
    }
    if (pathname === "/echo") return echo(request);
    if (pathname === "/private") return guarded(request);
    if (pathname === "/moved") {
      return new Response(null, { status: 302, headers: { location: "/second" } });
    }
    return new Response("nothing here", { status: 404 });
  };
  const servers = ports.map((port) => Deno.serve({ hostname, port, onListen: () => {} }, answer));
  const [port, otherPort] = servers.map(({ addr }) => addr.port);
  other = `http://${otherHostname}:${otherPort}`;
  return {
    url: `http://${hostname}:${port}`,
    other,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

async function echo(request: Request): Promise<Response> {
  return Response.json({
    method: request.method,
    body: await request.text(),
    asked: request.headers.get("x-asked"),
    language: request.headers.get("accept-language"),
    cookie: request.headers.get("cookie"),
  });
}

function guarded(request: Request): Response {
  if (request.headers.get("authorization") === `Basic ${btoa("me:secret")}`) {
    return new Response("let in");
  }
  return new Response("who?", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } });
}

/** The files of a folder, on a port of loopback. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
};

/** A site that is served until it is disposed. */
export interface FolderSite extends AsyncDisposable {
  readonly url: string;
}

/** Serves what stands in the folder, with types by the files' names; all else is 404. */
export function serveFolder(folder: string): FolderSite {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (asked) => {
      const { pathname } = new URL(asked.url);
      const type = TYPES[pathname.split(".").at(-1) ?? ""] ?? "application/octet-stream";
      try {
        const data = await Deno.readFile(folder + decodeURIComponent(pathname));
        return new Response(data, { headers: { "content-type": type } });
      } catch {
        return new Response("not here", { status: 404 });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

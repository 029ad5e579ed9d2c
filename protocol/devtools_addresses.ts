/** Addresses in what Chrome's DevTools tell of themselves, turned into those of a proxy. */

/** Answers that hold addresses, by path; all are small, unlike the protocol's description. */
export const WITH_ADDRESSES = /^\/json(?:\/(?:version|list|new))?\/?$/;

/** Chrome's own paths. A guest may send others, such as one that leads up and to another VM's. */
const SOCKET_PATH = /^\/devtools\/\w+\/[\w-]+$/;

/** Targets that the DevTools pages can be opened for; the browser itself is none. */
const PAGES = "/devtools/page/";

/** Where clients reach DevTools. */
export interface DevtoolsPlace {
  /** Such as `https://viper.example`. */
  readonly origin: string;
  /** What stands before Chrome's own paths; empty, or with a slash in front. */
  readonly prefix: string;
  /** Called for each address, what that one gets as its query; empty for none. */
  readonly query: () => string;
  /** Whether Chrome's own DevTools pages work there. */
  readonly hasFrontEnd: boolean;
}

/** The same answer, with addresses that lead to the place. */
export async function readdressed(answer: Response, place: DevtoolsPlace): Promise<Response> {
  const { protocol, host } = new URL(place.origin);
  const scheme = protocol === "https:" ? "wss" : "ws";
  const headers = new Headers(answer.headers);
  headers.delete("content-length");
  const text = await answer.text();
  // Nothing is told to who asks by HEAD.
  if (text === "") return new Response(null, { status: answer.status, headers });
  const told: unknown = JSON.parse(text);
  for (const target of Array.isArray(told) ? told : [told]) {
    const address = target.webSocketDebuggerUrl;
    if (typeof address !== "string") continue;
    // Chrome's own path begins anew after whatever prefix another proxy has put before it.
    const [path = ""] = address.slice(address.lastIndexOf("/devtools/")).split("?");
    // Chrome's own leads to a host elsewhere, which could not connect.
    delete target.devtoolsFrontendUrl;
    if (!SOCKET_PATH.test(path)) {
      delete target.webSocketDebuggerUrl;
      continue;
    }
    const query = place.query();
    const socket = `${host}${place.prefix}${path}${query === "" ? "" : `?${query}`}`;
    target.webSocketDebuggerUrl = `${scheme}://${socket}`;
    if (!place.hasFrontEnd || !path.startsWith(PAGES)) continue;
    target.devtoolsFrontendUrl = `${protocol}//${host}${place.prefix}/devtools/inspector.html?` +
      `${scheme}=${encodeURIComponent(socket)}`;
  }
  return new Response(JSON.stringify(told, null, 3), { status: answer.status, headers });
}

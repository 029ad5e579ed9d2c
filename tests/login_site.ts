/**
 * A site that people log in at, and that keeps who they are in every place that a profile takes: a
 * cookie that no script sees, local and session storage, and IndexedDB.
 */

/** What must be seen by nobody but the site. */
export const SECRET = "s3cret-of-the-session";

/** Stores what a site stores whose user has logged in; the cookie comes with the page `/login`. */
const STORE = `new Promise((resolve) => {
  localStorage.setItem("token", "${SECRET}");
  sessionStorage.setItem("tab", "${SECRET}");
  const opening = indexedDB.open("site", 3);
  opening.onupgradeneeded = () => opening.result.createObjectStore("user");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("user", "readwrite");
    transaction.objectStore("user").put({ since: new Date(5), secret: "${SECRET}" }, "me");
    transaction.oncomplete = () => resolve("logged in");
  };
})`;

const WHO = `new Promise((resolve) => {
  const told = [document.title, localStorage.token ?? "", sessionStorage.tab ?? ""];
  const opening = indexedDB.open("site", 3);
  opening.onupgradeneeded = () => opening.transaction.abort();
  opening.onerror = () => resolve([...told, ""]);
  opening.onsuccess = () => {
    const asked = opening.result.transaction("user").objectStore("user").get("me");
    asked.onsuccess = () => resolve([...told, asked.result.secret + asked.result.since.getTime()]);
  };
})`;

/** What {@linkcode whoIs} tells of a browser that is logged in. */
export const LOGGED_IN = ["user", SECRET, SECRET, `${SECRET}5`];
/** What {@linkcode whoIs} tells of one that never was. */
export const LOGGED_OUT = ["nobody", "", "", ""];

/** A page for anyone, and `/login`; the title says who the server takes the browser for. */
export function serveLoginSite(hostname = "127.0.0.1", port = 0) {
  const server = Deno.serve({ hostname, port, onListen: () => {} }, (request) => {
    const isUser = request.headers.get("cookie")?.includes(`session=${SECRET}`);
    const headers = new Headers({ "content-type": "text/html" });
    if (new URL(request.url).pathname === "/login") {
      headers.set("set-cookie", `session=${SECRET}; Path=/; HttpOnly`);
    }
    return new Response(`<title>${isUser ? "user" : "nobody"}</title>`, { headers });
  });
  return {
    url: `http://${hostname}:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The part of a VM's browser that visits the site. */
interface Visitor {
  navigate(input: { url: string; timeout_ms?: number }): Promise<unknown>;
  evaluate(input: { expression: string; timeout_ms?: number }): Promise<{ result?: unknown }>;
}

/** Settings of each call, such as `timeout_ms`. */
type Calls = { readonly timeout_ms?: number };

/** Runs the expression in the site's page. */
export async function onSite(
  browser: Visitor,
  url: string,
  expression: string,
  calls: Calls = {},
): Promise<unknown> {
  await browser.navigate({ url, ...calls });
  return (await browser.evaluate({ expression, ...calls })).result;
}

/** Who the browser is to the site: to its server, and to each of its stores. */
export async function whoIs(browser: Visitor, url: string, calls?: Calls): Promise<unknown> {
  return await onSite(browser, url, WHO, calls);
}

/** Logs the browser in. */
export async function logIn(browser: Visitor, url: string, calls?: Calls): Promise<void> {
  await onSite(browser, `${url}login`, STORE, calls);
}

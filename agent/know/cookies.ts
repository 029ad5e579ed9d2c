import type { Protocol } from "puppeteer-core";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type {
  browserClearCookies,
  browserCookies,
  browserSetCookies,
  Cookie,
  CookieToSet,
} from "../../protocol/storage.ts";
import type { ActionContext } from "../action_runner.ts";
import { quote } from "../quote.ts";
import { defined } from "./request_list.ts";

const WAITING_FOR = "the browser's cookies";

/** The browser's cookies, all or those that some URLs are sent. */
export async function listCookies(
  { urls, name, domain }: ParsedOf<typeof browserCookies>,
  { cdp, deadline }: ActionContext,
): Promise<OutputOf<typeof browserCookies>> {
  const asking = urls === undefined
    ? cdp.send("Storage.getCookies")
    : cdp.send("Network.getCookies", { urls });
  const { cookies } = await deadline.race(WAITING_FOR, asking);
  return { cookies: cookies.filter((cookie) => isOf(cookie, { name, domain })).map(told) };
}

/** Sets cookies, all of them or, when one is none, nothing. */
export async function setCookies(
  { cookies }: Omit<ParsedOf<typeof browserSetCookies>, "page">,
  { page, cdp, deadline }: ActionContext,
): Promise<OutputOf<typeof browserSetCookies>> {
  if (cookies.length === 0) return { status: "ok" };
  const invalid = (reason: string, cause?: unknown) =>
    new ViperError("cookie_invalid", `Cannot ${deadline.action}: ${reason}`, { cause });
  const url = page.url();
  const params = cookies.map((cookie) => {
    const isPlaced = Boolean(cookie.domain || cookie.url);
    if (!isPlaced && !/^https?:/.test(url)) {
      throw invalid(`the cookie ${quote(cookie.name)} has no domain, and the page is of none`);
    }
    return paramOf(cookie, isPlaced ? cookie.url : url);
  });
  try {
    await deadline.race(WAITING_FOR, cdp.send("Storage.setCookies", { cookies: params }));
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
  return { status: "ok" };
}

/** Deletes cookies, all or those that fit. */
export async function clearCookies(
  { name, domain, path }: ParsedOf<typeof browserClearCookies>,
  { cdp, deadline }: ActionContext,
): Promise<OutputOf<typeof browserClearCookies>> {
  const { cookies } = await deadline.race(WAITING_FOR, cdp.send("Storage.getCookies"));
  const fitting = cookies.filter((cookie) => isOf(cookie, { name, domain, path }));
  for (const { name, domain, path, partitionKey } of fitting) {
    const deleting = cdp.send("Network.deleteCookies", {
      ...{ name, domain, path },
      ...(partitionKey === undefined ? {} : { partitionKey }),
    });
    await deadline.race(WAITING_FOR, deleting);
  }
  return { status: "ok", cleared: fitting.length };
}

/** Whether it has what is asked for; a domain is the same with and without its leading dot. */
function isOf(
  cookie: Protocol.Network.Cookie,
  { name, domain, path }: {
    name?: string | undefined;
    domain?: string | undefined;
    path?: string | undefined;
  },
): boolean {
  return (name === undefined || cookie.name === name) &&
    (domain === undefined || bare(cookie.domain) === bare(domain)) &&
    (path === undefined || cookie.path === path);
}

function bare(domain: string): string {
  return domain.replace(/^\./, "");
}

function told(cookie: Protocol.Network.Cookie): Cookie {
  const { name, value, domain, path, expires, httpOnly, secure, sameSite, partitionKey } = cookie;
  return {
    ...{ name, value, domain, path, expires, secure },
    http_only: httpOnly,
    ...(sameSite === undefined ? {} : { same_site: sameSite }),
    ...(partitionKey === undefined ? {} : {
      partition_key: {
        top_level_site: partitionKey.topLevelSite,
        has_cross_site_ancestor: partitionKey.hasCrossSiteAncestor,
      },
    }),
  };
}

function paramOf(
  { name, value, domain, path, expires, http_only, secure, same_site, partition_key }: CookieToSet,
  url: string | undefined,
): Protocol.Network.CookieParam {
  const sameSite = same_site === undefined || same_site === ""
    ? undefined
    : (same_site[0]?.toUpperCase() + same_site.slice(1).toLowerCase()) as "Strict";
  return {
    ...{ name, value },
    ...defined({
      ...{ url, path, secure, sameSite },
      domain: domain || undefined,
      httpOnly: http_only,
      partitionKey: partition_key && {
        topLevelSite: partition_key.top_level_site,
        hasCrossSiteAncestor: partition_key.has_cross_site_ancestor,
      },
      expires: expires === undefined || expires <= 0 ? undefined : expires,
    }),
  };
}

/**
 * What daemon and door say where they share one loopback, and so Chrome's port is open to the
 * daemon itself: the door tells where Chrome is, and its connection stays open beside the one with
 * Chrome as the presence of a client.
 *
 *     daemon ── signed request, PRESENCE_HEADER ──→ door
 *     daemon ←─ 200, where Chrome listens ───────── door
 *     daemon ── a byte: the client has said where downloads go ──→ door
 *     daemon ── end: the client is gone ── door ── end: that Chrome is gone
 *
 * @module
 */
import { CHROME_HOSTNAME, type ChromeTarget } from "./chrome_socket.ts";
import type { Head } from "./http_head.ts";

/** Asks the door for where Chrome is; whoever is not on its loopback is led there all the same. */
export const PRESENCE_HEADER = "x-viper-presence";

/** Says that the client has told Chrome where downloads go. */
export const SETS_DOWNLOADS = new Uint8Array([1]);

/** The door's answer. */
export function presenceHead({ port, path }: ChromeTarget): Head {
  const headers = new Headers({ location: `ws://${CHROME_HOSTNAME}:${port}${path}` });
  return { start: "HTTP/1.1 200 OK", headers };
}

/** What the door has answered; a host that it may name does not count. @throws {TypeError} */
export function chromeTargetOf({ headers }: Head): ChromeTarget {
  const { port, pathname } = new URL(headers.get("location") ?? "");
  return { port: Number(port), path: pathname };
}

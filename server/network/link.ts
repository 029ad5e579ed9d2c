/** Network interfaces as `ip -json` tells of them. */
import type { Host, Label } from "../../host/host.ts";

/** What is read of an interface; see `ip -details -json link show` in ip-link(8). */
export interface Link {
  readonly name: string;
  /** `bridge`, `tun`, …; `""` for a plain device. */
  readonly kind: string;
  /** The bridge that it belongs to. */
  readonly bridge: string | null;
  readonly mac: string;
  /** Its comment, where Viper writes what it made the interface for. */
  readonly alias: string;
  readonly isUp: boolean;
}

interface LinkJson {
  readonly ifname?: string;
  readonly master?: string;
  readonly ifalias?: string;
  readonly address?: string;
  readonly flags?: readonly string[];
  readonly linkinfo?: { readonly info_kind?: string };
}

/** What `ip` exits with when the kernel refuses, such as for an interface that does not exist. */
const EXIT_REFUSED = 1;

/** One interface; `null` when there is none of that name. */
export async function readLink(host: Host, label: Label, name: string): Promise<Link | null> {
  const { stdout, stderr, code } = await host.run(
    label,
    ["ip", "-details", "-json", "link", "show", "dev", name],
    { okCodes: [0, EXIT_REFUSED] },
  );
  if (code === 0) return parseLinks(stdout)[0] ?? null;
  if (/does not exist/.test(stderr)) return null;
  throw new Error(`Cannot look at the interface "${name}": ${stderr.trim()}`);
}

/** All taps of this namespace. */
export async function readTaps(host: Host, label: Label): Promise<Link[]> {
  const argv = ["ip", "-json", "link", "show", "type", "tun"];
  const links = parseLinks((await host.run(label, argv)).stdout);
  return links.map((link) => ({ ...link, kind: "tun" }));
}

/** Removes an interface; one that is gone is not an error. */
export async function removeLink(host: Host, label: Label, name: string): Promise<void> {
  if (await readLink(host, label, name) === null) return;
  await host.run(label, ["ip", "link", "delete", "dev", name]);
}

function parseLinks(json: string): Link[] {
  const links = JSON.parse(json.trim() || "[]") as LinkJson[];
  // Some versions of ip print empty objects for what a filter left out.
  return links.filter((link) => link.ifname !== undefined).map((link) => ({
    name: link.ifname ?? "",
    kind: link.linkinfo?.info_kind ?? "",
    bridge: link.master ?? null,
    mac: link.address ?? "",
    alias: link.ifalias ?? "",
    isUp: link.flags?.includes("UP") ?? false,
  }));
}

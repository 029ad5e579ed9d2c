/** Kernel settings that guests' traffic needs. */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import type { Kind } from "../step.ts";

const CONF = "/proc/sys/net/ipv4/conf";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";

const sysctl = z.strictObject({ path: z.string(), value: z.string() });
const valueBefore = z.strictObject({ value: z.string() });

/** A setting below /proc/sys; one that the kernel lacks needs nothing. */
export const sysctlKind: Kind<z.infer<typeof sysctl>, z.infer<typeof valueBefore>> = {
  name: "sysctl",
  what: sysctl,
  before: valueBefore,
  title: ({ path }) => path.replace("/proc/sys/", "sysctl "),
  look: async (host, { path, value }) => {
    const now = await read(host, path);
    return now === null || now === value ? null : { value: now };
  },
  apply: (host, { path, value }) => host.files.write("setup.sysctl:set", path, value),
  undo: async (host, { path }, { value }) => {
    await putBack(host, path, value);
    return null;
  },
};

const forwarding = z.strictObject({});
const forwardingBefore = z.strictObject({
  value: z.string(),
  others: z.record(z.string(), z.string()),
});

/**
 * IPv4 forwarding. To change it sets `forwarding` of every interface, and `accept_redirects` of
 * all, to what the kernel thinks fit for a router or a host, so these are remembered, too:
 * https://docs.kernel.org/networking/ip-sysctl.html
 */
export const forwardingKind: Kind<z.infer<typeof forwarding>, z.infer<typeof forwardingBefore>> = {
  name: "forwarding",
  what: forwarding,
  before: forwardingBefore,
  title: () => "IPv4 forwarding",
  look: async (host) => {
    const value = await read(host, FORWARDING) ?? "0";
    if (value === "1") return null;
    const others: Record<string, string> = {};
    for (const path of await companions(host)) {
      const other = await read(host, path);
      if (other !== null) others[path] = other;
    }
    return { value, others };
  },
  apply: (host) => host.files.write("setup.sysctl:set", FORWARDING, "1"),
  undo: async (host, _what, { value, others }) => {
    await putBack(host, FORWARDING, value);
    for (const [path, other] of Object.entries(others)) await putBack(host, path, other);
    return null;
  },
};

async function companions(host: Host): Promise<string[]> {
  const interfaces = await host.files.list("setup.sysctl:list", CONF);
  return [
    ...interfaces.map((name) => `${CONF}/${name}/forwarding`),
    `${CONF}/all/accept_redirects`,
  ];
}

async function putBack(host: Host, path: string, value: string): Promise<void> {
  const now = await read(host, path, "_undo");
  if (now === null || now === value) return;
  await host.files.write("setup.sysctl:set_undo", path, value);
}

async function read(host: Host, path: string, suffix = ""): Promise<string | null> {
  if (await host.files.stat(`setup.sysctl:look${suffix}`, path) === null) return null;
  return (await host.files.readText(`setup.sysctl:read${suffix}`, path)).trim();
}

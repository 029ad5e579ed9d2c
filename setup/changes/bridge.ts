/**
 * The bridge that stays: unlike one that the daemon makes it outlives the daemon. Its alias says
 * so to people; the daemon sees that it is not its own and leaves it alone.
 */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import { readLink, removeLink } from "../../server/network/link.ts";
import type { Kind } from "../step.ts";

const ALIAS = "viper-setup";

const bridgeWhat = z.strictObject({ name: z.string(), mac: z.string() });
const addressWhat = z.strictObject({ bridge: z.string(), address: z.string() });
const upWhat = z.strictObject({ bridge: z.string() });
const before = z.strictObject({});
type Before = z.infer<typeof before>;

export const bridgeKind: Kind<z.infer<typeof bridgeWhat>, Before> = {
  name: "bridge",
  what: bridgeWhat,
  before,
  title: ({ name }) => `bridge ${name}`,
  look: async (host, { name }) => {
    const link = await readLink(host, "setup.bridge:look", name);
    if (link === null) return {};
    if (link.kind !== "bridge") {
      throw new Error(`Cannot use "${name}": it is no bridge; choose another name with --bridge`);
    }
    if (link.alias.startsWith("viper-bridge:")) {
      throw new Error(`Cannot use "${name}": a daemon made it; end that "viper serve" first`);
    }
    return null;
  },
  apply: async (host, { name, mac }) => {
    const device = ["name", name, "address", mac, "type", "bridge"];
    await host.run("setup.bridge:add", ["ip", "link", "add", ...device]);
    await host.run("setup.bridge:mark", ["ip", "link", "set", "dev", name, "alias", ALIAS]);
  },
  undo: async (host, { name }) => {
    const link = await readLink(host, "setup.bridge:look_undo", name);
    if (link?.kind === "bridge") await removeLink(host, "setup.bridge:remove_undo", name);
    return null;
  },
};

export const addressKind: Kind<z.infer<typeof addressWhat>, Before> = {
  name: "address",
  what: addressWhat,
  before,
  title: ({ bridge, address }) => `address ${address} on ${bridge}`,
  look: async (host, what) => await hasAddress(host, what) ? null : {},
  apply: async (host, { bridge, address }) => {
    const argv = ["ip", "address", "add", address, "broadcast", "+", "dev", bridge];
    await host.run("setup.address:add", argv);
  },
  undo: async (host, what) => {
    if (await hasAddress(host, what, "_undo")) {
      const argv = ["ip", "address", "delete", what.address, "dev", what.bridge];
      await host.run("setup.address:remove_undo", argv);
    }
    return null;
  },
};

export const upKind: Kind<z.infer<typeof upWhat>, Before> = {
  name: "up",
  what: upWhat,
  before,
  title: ({ bridge }) => `${bridge} is up`,
  look: async (host, { bridge }) => {
    return (await readLink(host, "setup.up:look", bridge))?.isUp ? null : {};
  },
  apply: async (host, { bridge }) => {
    await host.run("setup.up:set", ["ip", "link", "set", "dev", bridge, "up"]);
  },
  undo: async (host, { bridge }) => {
    if ((await readLink(host, "setup.up:look_undo", bridge))?.isUp) {
      await host.run("setup.up:set_undo", ["ip", "link", "set", "dev", bridge, "down"]);
    }
    return null;
  },
};

async function hasAddress(
  host: Host,
  { bridge, address }: z.infer<typeof addressWhat>,
  suffix = "",
): Promise<boolean> {
  const { stdout } = await host.run(
    `setup.address:look${suffix}`,
    ["ip", "-oneline", "-4", "address", "show", "dev", bridge],
    // 1: there is no such device.
    { okCodes: [0, 1] },
  );
  return stdout.includes(` ${address} `);
}

/** The group and the user that setup adds. */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import type { Kind } from "../step.ts";

/** What `getent` exits with when there is no such entry. */
const EXIT_NO_ENTRY = 2;

const group = z.strictObject({ name: z.string() });
const user = z.strictObject({ name: z.string(), group: z.string(), home: z.string() });
const before = z.strictObject({});

export const groupKind: Kind<z.infer<typeof group>, z.infer<typeof before>> = {
  name: "group",
  what: group,
  before,
  title: ({ name }) => `group ${name}`,
  look: async (host, { name }) => await exists(host, "group", name) ? null : {},
  apply: async (host, { name }) => {
    await host.run("setup.group:add", ["groupadd", "--system", name]);
  },
  undo: async (host, { name }) => {
    if (await exists(host, "group", name, "_undo")) {
      await host.run("setup.group:remove_undo", ["groupdel", name]);
    }
    return null;
  },
};

export const userKind: Kind<z.infer<typeof user>, z.infer<typeof before>> = {
  name: "user",
  what: user,
  before,
  title: ({ name }) => `user ${name}`,
  look: async (host, { name }) => await exists(host, "passwd", name) ? null : {},
  apply: async (host, { name, group, home }) => {
    const account = ["--gid", group, "--no-create-home", "--home-dir", home];
    const argv = ["useradd", "--system", ...account, "--shell", "/usr/sbin/nologin", name];
    await host.run("setup.user:add", argv);
  },
  undo: async (host, { name }) => {
    if (await exists(host, "passwd", name, "_undo")) {
      // userdel would take the group of that name along, also one that was there before.
      await host.run("setup.user:part_undo", ["usermod", "--gid", "0", name]);
      await host.run("setup.user:remove_undo", ["userdel", name]);
    }
    return null;
  },
};

async function exists(
  host: Host,
  database: "group" | "passwd",
  name: string,
  suffix = "",
): Promise<boolean> {
  const { code } = await host.run(`setup.${database}:look${suffix}`, ["getent", database, name], {
    okCodes: [0, EXIT_NO_ENTRY],
  });
  return code === 0;
}

/** Profiles over a database and a key file of their own, and an agent that holds what it is told. */
import { denoHost } from "../../../../host/deno_host.ts";
import type { Host } from "../../../../host/host.ts";
import { browserProfileOperations } from "../../../../protocol/browser_profile.ts";
import { createApp, mount } from "../../../../protocol/http_server.ts";
import type { OutputOf, ParsedOf } from "../../../../protocol/operation.ts";
import type { profileAttach, profileExtract } from "../../../../protocol/browser_profile.ts";
import { PROFILE_BODY_BYTES_MAX, profileContents } from "../../../../protocol/profile_contents.ts";
import { Verifier } from "../../../../protocol/verifier.ts";
import { KeyFile } from "../../../../server/profiles/key_file.ts";
import { Profiles } from "../../../../server/profiles/profiles.ts";
import { Database } from "../../../../server/store/database.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";
import type { AgentLink } from "../../../../server/vms/incarnation.ts";

/** The contents of one with a cookie. */
export function contentsOf(value: string) {
  return profileContents.parse({
    cookies: [{ name: "session", value, domain: "example.com" }],
    origins: [{ origin: "https://example.com", local_storage: { token: value } }],
  });
}

export const quiet = denoHost({ log: () => {} });

/** Disposing it removes the folder. */
export async function profileWorld() {
  const folder = await Deno.makeTempDir({ prefix: "viper-profiles-" });
  const db = Database.open(`${folder}/state.db`);
  const vms = new VmRows(db);
  const keyPath = `${folder}/profiles.key`;
  const over = (host: Host) => new Profiles({ db, vms, host, keyFile: new KeyFile(keyPath, host) });
  return {
    ...{ folder, db, vms, keyPath, over, profiles: over(quiet) },
    [Symbol.asyncDispose]: async () => {
      db[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

type Extracted = OutputOf<typeof profileExtract>;

/** A browser with nothing in it, to which a profile was attached. */
export const EMPTY: Extracted = {
  ...{ cookies: [], local_storage: {}, session_storage: {}, origin: "", origins: [] },
  read: [],
  ...{ left_out: [], attached: true },
};

/** Serves attach and extract on loopback, for who signs with the key. */
export async function standInAgent() {
  const token = "ab".repeat(32);
  const attached: ParsedOf<typeof profileAttach>[] = [];
  const agent = { attached, extracted: EMPTY, token };
  const app = createApp(() => {});
  const verifier = new Verifier(token, "agent", quiet.clock);
  mount(app, browserProfileOperations, {
    attachProfile: (input) => {
      attached.push(input);
      return Promise.resolve({ status: "ok" as const });
    },
    extractProfile: () => Promise.resolve(agent.extracted),
  }, {
    contextOf: async (c) => {
      c.req.raw = await verifier.verify(c.req.raw, PROFILE_BODY_BYTES_MAX);
    },
  });
  const address = { hostname: "127.0.0.1", port: 0 };
  const server = await quiet.net.serve("test:agent", address, (request) => app.fetch(request));
  const gone = new AbortController();
  return Object.assign(agent, {
    gone,
    /** The way to it, as a daemon over that host has it; disposing ends its connections. */
    linkOver: (host: Host): AgentLink & Disposable => {
      const pool = host.net.openPool("vm.agent:pool");
      return {
        url: `http://127.0.0.1:${server.port}`,
        ...{ token, pool, signal: gone.signal },
        use: () => ({ [Symbol.dispose]: () => {} }),
        [Symbol.dispose]: () => pool[Symbol.dispose](),
      };
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

/** The same tasks on a Chrome that is reached directly and on one through Viper. */
import assert from "node:assert/strict";
import { type DaemonProcess, startDaemon } from "../daemon_process.ts";
import { startChrome } from "./direct_chrome.ts";
import { serveSite, type Site } from "./site.ts";

const READY_TIMEOUT_MS = 30_000;

/** Where a client finds DevTools, and the headers that let it in. */
export interface Endpoint {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** Runs one task and returns its result. */
export type RunTask = (title: string, endpoint: Endpoint, site: Site) => Promise<unknown>;

/** Adds a test with a step a task: both ways must give an equal result, and neither may fail. */
export function compareWays(name: string, titles: readonly string[], run: RunTask): void {
  Deno.test({
    name,
    // Clients keep timers and connections of their own for a while after they were closed.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async (test) => {
      await using site = serveSite();
      await using chrome = await startChrome();
      await using daemon = await startDaemon(["--runtime", "local", "--guest-port", "0"]);
      const direct = { url: chrome.url, headers: {} };
      const proxied = await vmEndpoint(daemon, "client");
      for (const title of titles) {
        await test.step(title, async () => {
          const expected = await run(title, direct, site);
          assert.deepEqual(await run(title, proxied, site), expected);
        });
      }
    },
  });
}

/** The DevTools of a new VM. */
export async function vmEndpoint(daemon: DaemonProcess, name: string): Promise<Endpoint> {
  await daemon.client.vms.create({ name });
  await daemon.client.vms.wait({ name, timeout_ms: READY_TIMEOUT_MS });
  return {
    url: `${daemon.url}/api/v1/vms/${name}/devtools`,
    headers: { authorization: `Bearer ${daemon.apiKey}` },
  };
}

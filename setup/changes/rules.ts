/** The packet filter's chains, as the daemon would make them. */
import * as z from "zod";
import type { Host } from "../../host/host.ts";
import { installation, openRules, removeRules } from "../../server/network/rules.ts";
import type { NetworkSettings } from "../../server/network/settings.ts";
import type { Kind } from "../step.ts";

const what = z.strictObject({
  bridge: z.string(),
  subnet: z.string(),
  hostIp: z.string(),
  guestPort: z.int(),
  openPorts: z.array(z.int()),
  resolvers: z.array(z.string()),
});
const before = z.strictObject({});
type What = z.infer<typeof what>;

export const rulesKind: Kind<What, z.infer<typeof before>> = {
  name: "rules",
  what,
  before,
  title: ({ bridge }) => `packet filter chains of ${bridge}`,
  look: async (host, settings) => await hasRules(host, settings) ? null : {},
  apply: async (host, settings) => {
    // What is half done is taken back by `undo`, and not here.
    await openRules(host, new AsyncDisposableStack(), settings);
  },
  undo: async (host, settings) => {
    await removeRules(host, settings);
    return null;
  },
};

/** Whether the kernel has every rule that the daemon would install. */
export async function hasRules(host: Host, settings: NetworkSettings): Promise<boolean> {
  const { stdout: saved } = await host.run("setup.rules:look", ["iptables-save"]);
  const there = new Set(saved.split("\n").map(inOrder));
  const wanted = installation(settings, saved).split("\n");
  return wanted.every((line) => !/^-[AI] /.test(line) || there.has(inOrder(line)));
}

/** iptables gives a rule's options back in an order of its own. */
function inOrder(rule: string): string {
  return rule.split(" ").sort().join(" ");
}

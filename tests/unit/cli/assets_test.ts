import assert from "node:assert/strict";
import { findAssets } from "../../../cli/assets.ts";

const DENO = [
  ...["/bin/deno", "run", "--allow-all", "--no-prompt", "--quiet", "--unstable-no-legacy-abort"],
];

Deno.test("findAssets() starts the sources by deno, and takes the agent's built bundle", () => {
  const start = { folder: "/src", module: "main.ts", executable: "/bin/deno", isCompiled: false };
  assert.deepEqual(findAssets({ ...start, self: undefined }), {
    selfCommand: [...DENO, "/src/main.ts"],
    agentCommand: [...DENO, "/src/agent/main.ts"],
    guestAgent: { kind: "bundle", deno: "/bin/deno", bundle: "/src/dist/agent.js" },
    initDir: "/src/init",
  });
});

Deno.test("findAssets() starts the self-extracting executable by its own path", () => {
  const start = { folder: "/cache/x", module: "viper.js", executable: "/cache/x/deno" };
  assert.deepEqual(findAssets({ ...start, isCompiled: false, self: "/usr/bin/viper" }), {
    selfCommand: ["/usr/bin/viper"],
    agentCommand: ["/cache/x/deno", ...DENO.slice(1), "/cache/x/agent.js"],
    guestAgent: { kind: "bundle", deno: "/cache/x/deno", bundle: "/cache/x/agent.js" },
    initDir: "/cache/x/init",
  });
});

Deno.test("findAssets() of a compiled program takes the agent's binary beside it", () => {
  const start = { folder: "/tmp/x", module: "main.ts", executable: "/usr/bin/viper" };
  assert.deepEqual(findAssets({ ...start, isCompiled: true, self: undefined }), {
    selfCommand: ["/usr/bin/viper"],
    agentCommand: ["/usr/bin/viper-agent"],
    guestAgent: { kind: "binary", path: "/usr/bin/viper-agent" },
    initDir: "/tmp/x/init",
  });
});

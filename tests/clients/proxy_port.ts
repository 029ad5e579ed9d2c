/** `viper browsers proxy`, as a program. */
import assert from "node:assert/strict";
import type { DaemonProcess } from "../daemon_process.ts";

/** A port that serves a VM's DevTools without a key; it ends, well, when it is disposed. */
export interface ProxyPort extends AsyncDisposable {
  /** Such as `http://127.0.0.1:9223`. */
  readonly url: string;
}

/** Starts it on a free port. */
export async function startProxy(daemon: DaemonProcess, vmName: string): Promise<ProxyPort> {
  const child = new Deno.Command(`${import.meta.dirname}/../../dist/viper`, {
    args: ["--api", daemon.url, "browsers", "proxy", vmName, "--port", "0"],
    env: { VIPER_API_KEY: daemon.apiKey },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const url = /http:\S+/.exec(new TextDecoder().decode(value))?.[0];
  assert.ok(url, "the proxy tells its address");
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGINT");
      assert.equal((await child.status).code, 0);
      await reader.cancel();
    },
  };
}

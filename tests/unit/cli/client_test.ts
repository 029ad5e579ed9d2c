import assert from "node:assert/strict";
import { viperClient } from "../../../cli/client.ts";

Deno.test("viperClient() ends a call under way when its signal is aborted", async () => {
  const stop = new AbortController();
  const fetch = (_label: string, _url: string, init?: RequestInit) =>
    new Promise<Response>((_, reject) =>
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))
    );
  const host = { net: { fetch } as never };
  const client = viperClient(host, "http://127.0.0.1:1", { signal: stop.signal });
  const waiting = client.vms.wait({ name: "a" });
  stop.abort(new Error("Interrupted by SIGINT"));
  await assert.rejects(waiting, /Interrupted by SIGINT/);
});

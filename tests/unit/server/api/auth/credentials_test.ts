import assert from "node:assert/strict";
import {
  acceptedProtocol,
  offeredProtocols,
  withoutQueryCredentials,
} from "../../../../../server/api/auth/credentials.ts";

const socket = (protocols: string) =>
  new Request("http://a/", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": protocols },
  });

/** Offered, passed on, accepted. */
const PROTOCOLS: readonly [string, string[], string | undefined][] = [
  ["", [], undefined],
  ["chat", ["chat"], "chat"],
  ["viper.api-key.k", [], "viper.api-key.k"],
  ["viper.api-key.k, chat,more", ["chat", "more"], "chat"],
];

for (const [offered, passedOn, accepted] of PROTOCOLS) {
  Deno.test(`acceptedProtocol() of "${offered}" is ${accepted}, and the key goes no further`, () => {
    assert.deepEqual(offeredProtocols(socket(offered)), passedOn);
    assert.equal(acceptedProtocol(socket(offered)), accepted);
  });
}

Deno.test("withoutQueryCredentials() takes them out and keeps the rest, body included", async () => {
  const request = new Request("http://a/b?x=1&api_key=k&y=2&ticket=t&api_key=l", {
    method: "POST",
    headers: { "x-a": "1" },
    body: "hello",
  });
  const clean = withoutQueryCredentials(request);
  assert.equal(clean.url, "http://a/b?x=1&y=2");
  assert.deepEqual([clean.method, clean.headers.get("x-a")], ["POST", "1"]);
  assert.equal(await clean.text(), "hello");
});

Deno.test("withoutQueryCredentials() keeps a query that has no names as it came", () => {
  for (const query of ["api%5Fkey=k&http://b/?c=%20d", "http://b/?c=%20d&ticket=t&api_key"]) {
    const clean = withoutQueryCredentials(new Request(`http://a/new?${query}`));
    assert.equal(clean.url, "http://a/new?http://b/?c=%20d");
  }
});

Deno.test("withoutQueryCredentials() leaves a request without them, and a handshake, alone", () => {
  const plain = new Request("http://a/b?x=%20+1");
  assert.equal(withoutQueryCredentials(plain), plain);
  const handshake = new Request("http://a/?ticket=t", { headers: { upgrade: "WebSocket" } });
  assert.equal(withoutQueryCredentials(handshake), handshake);
});

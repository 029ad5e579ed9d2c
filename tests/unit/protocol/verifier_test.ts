/**
 * Goal: a request is taken once, and only as it was signed, whatever the clocks do.
 * Method: a signer and a verifier with a clock each; properties over changes and time jumps.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { NONCES_MAX, Verifier, WINDOW_MS } from "../../../protocol/verifier.ts";
import { ViperError } from "../../../protocol/problems.ts";
import { TOKEN, TwoSides } from "./signing.ts";

async function codeOf(verifier: Verifier, request: Request, bytesMax = 1_000): Promise<string> {
  return await verifier.verify(request, bytesMax).then(
    () => "taken",
    (error) => error instanceof ViperError ? error.code : String(error),
  );
}

Deno.test("Verifier takes a signed request and gives its body back", async () => {
  const sides = new TwoSides();
  const request = await sides.signed("http://vm/a?b=%20c&d", { method: "POST", body: "words" });
  const taken = await sides.verifier.verify(request, 1_000);
  assert.deepEqual([taken.method, taken.url, await taken.text()], [
    "POST",
    "http://vm/a?b=%20c&d",
    "words",
  ]);
});

Deno.test("Verifier takes a request under another host name, since each side has its own", async () => {
  const sides = new TwoSides();
  const request = await sides.signed("http://10.0.0.2:8080/a?b");
  assert.equal(await codeOf(sides.verifier, new Request("http://vm/a?b", request)), "taken");
});

Deno.test("Verifier refuses a request with any single character changed", async () => {
  const hex = fc.constantFrom(..."0123456789abcdef");
  const digit = fc.constantFrom(..."0123456789");
  const letter = fc.constantFrom(..."abcxyz019-._~");
  const parts = ["method", "path", "query", "body", "time", "nonce", "signature"] as const;
  const change = fc.constantFrom(...parts).chain((part) =>
    fc.tuple(
      fc.constant(part),
      fc.nat(),
      part === "time" ? digit : part === "nonce" || part === "signature" ? hex : letter,
    )
  );
  await fc.assert(
    fc.asyncProperty(change, async ([part, at, by]) => {
      const sides = new TwoSides();
      const request = await sides.signed("http://vm/some/path?query=value", {
        method: "PATCH",
        body: '{"a":1}',
      });
      const { pathname, search } = new URL(request.url);
      const old = {
        ...{ method: request.method, path: pathname, query: search, body: await request.text() },
        time: request.headers.get("x-viper-time") ?? "",
        nonce: request.headers.get("x-viper-nonce") ?? "",
        signature: request.headers.get("x-viper-signature") ?? "",
      };
      // The first character of path and query is syntax.
      const from = part === "path" || part === "query" ? 1 : 0;
      const place = from + at % (old[part].length - from);
      const changed = {
        ...old,
        [part]: old[part].slice(0, place) + by + old[part].slice(place + 1),
      };
      fc.pre(changed[part] !== old[part]);
      const { method, path, query, body, time, nonce, signature } = changed;
      const headers = {
        ...{ "x-viper-time": time, "x-viper-nonce": nonce, "x-viper-signature": signature },
      };
      const sent = new Request(`http://vm${path}${query}`, { method, headers, body });
      assert.equal(await codeOf(sides.verifier, sent), "unauthorized");
    }),
    { numRuns: 300 },
  );
});

Deno.test("Verifier refuses what is moved from one part of a request to another", async () => {
  const rows: [signed: [string, string], sent: [string, string]][] = [
    [["http://vm/a", "?b"], ["http://vm/a?b", ""]],
    [["http://vm/a?b", "c"], ["http://vm/a?bc", ""]],
    [["http://vm/a", "\nc"], ["http://vm/a", "c"]],
    [["http://vm/a?", ""], ["http://vm/a", ""]],
  ];
  for (const [[url, body], [sentUrl, sentBody]] of rows) {
    const sides = new TwoSides();
    const { headers } = await sides.signed(url, { method: "POST", body });
    const sent = new Request(sentUrl, { method: "POST", headers, body: sentBody });
    assert.equal(await codeOf(sides.verifier, sent), "unauthorized", `${url} ${body}`);
  }
});

Deno.test("Verifier refuses what is signed for another audience or with another key", async () => {
  for (const sides of [new TwoSides("daemon"), new TwoSides("agent", "0".repeat(64))]) {
    const request = await sides.signed("http://vm/a");
    assert.equal(await codeOf(sides.verifier, request), "unauthorized");
  }
});

Deno.test("Verifier refuses headers that are absent or not of their form", async () => {
  const rows: [name: string, value: string | null][] = [
    ...["x-viper-time", "x-viper-nonce", "x-viper-signature"].flatMap((name) =>
      [null, "", "x", "-1", "1e3", "0".repeat(1_000), "é"].map((value): [string, string | null] => [
        name,
        value,
      ])
    ),
  ];
  for (const [name, value] of rows) {
    const sides = new TwoSides();
    const request = await sides.signed("http://vm/a");
    if (value === null) request.headers.delete(name);
    else request.headers.set(name, value);
    assert.equal(await codeOf(sides.verifier, request), "unauthorized", `${name}: ${value}`);
  }
});

Deno.test("Verifier refuses a body over the limit before it looks at the signature", async () => {
  const sides = new TwoSides();
  const request = await sides.signed("http://vm/a", { method: "POST", body: "x".repeat(11) });
  assert.equal(await codeOf(sides.verifier, request, 10), "body_too_large");
});

Deno.test("Verifier takes each request once, also of two at the same time", async () => {
  const sides = new TwoSides();
  const request = await sides.signed("http://vm/a", { method: "POST", body: "b" });
  const copies = [request.clone(), request.clone(), request];
  const codes = await Promise.all(copies.map((copy) => codeOf(sides.verifier, copy)));
  assert.deepEqual(codes.sort(), ["taken", "unauthorized", "unauthorized"]);
});

Deno.test("Verifier never takes a request again, however long ago and however many since", async () => {
  const sides = new TwoSides();
  const first = await sides.signed("http://vm/a");
  assert.equal(await codeOf(sides.verifier, first.clone()), "taken");
  for (let n = 0; n < NONCES_MAX * 2; n++) {
    // Some rounds pass within one millisecond, where no time tells requests apart.
    if (n % 3_000 === 2_999) await sides.advance(1);
    if (n % 500 === 0) assert.notEqual(await codeOf(sides.verifier, first.clone()), "taken");
    assert.equal((await sides.exchange()).statuses.at(-1), 200);
    assert.ok(sides.verifier.nonces <= NONCES_MAX);
  }
  await sides.advance(WINDOW_MS + 1);
  assert.deepEqual((await sides.exchange()).statuses, [200]);
  assert.equal(sides.verifier.nonces, 1, "the window has emptied it");
  assert.equal(await codeOf(sides.verifier, first), "signature_stale");
});

Deno.test("Verifier started anew refuses what one before it took", async () => {
  const sides = new TwoSides();
  const heard = await sides.signed("http://vm/a");
  assert.equal(await codeOf(sides.verifier, heard.clone()), "taken");
  await sides.advance(2);
  assert.equal(
    await codeOf(new Verifier(TOKEN, "agent", sides.verifying), heard),
    "signature_stale",
  );
});

Deno.test("Verifier takes requests that overtook each other, within the window", async () => {
  const sides = new TwoSides();
  const old = await sides.signed("http://vm/old");
  await sides.advance(WINDOW_MS - 1);
  await sides.exchange();
  assert.equal(await codeOf(sides.verifier, old), "taken");
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { BODY_LIMIT_BYTES, readJsonObject } from "../../../protocol/http_body.ts";

const post = (body: BodyInit | null, headers: Record<string, string> = {}) =>
  new Request("http://a.test/", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });

/** A stream in pieces of the given sizes, and whether it was cancelled. */
function pieces(bytes: Uint8Array<ArrayBuffer>, size: number) {
  const state = { cancelled: false };
  let at = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
    cancel: () => void (state.cancelled = true),
  });
  return { stream, state };
}

Deno.test("readJsonObject() reads any object, in pieces of any size", async () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  await fc.assert(fc.asyncProperty(object, fc.integer({ min: 1, max: 9 }), async (value, size) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const { stream } = pieces(bytes, size);
    assert.deepEqual(await readJsonObject(post(stream)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test("readJsonObject() takes no body as an empty object, whatever its type", async () => {
  assert.deepEqual(await readJsonObject(post("")), {});
  assert.deepEqual(await readJsonObject(post(null, { "content-type": "text/plain" })), {});
});

for (
  const type of ["application/json", "Application/JSON; charset=utf-8", "application/json ;a=b"]
) {
  Deno.test(`readJsonObject() reads the type ${type}`, async () => {
    assert.deepEqual(await readJsonObject(post("{}", { "content-type": type })), {});
  });
}
for (const type of ["text/plain", "application/json5", "application/x-www-form-urlencoded", ""]) {
  Deno.test(`readJsonObject() refuses the type "${type}" as unsupported_media_type`, async () => {
    await assert.rejects(readJsonObject(post("{}", { "content-type": type })), {
      code: "unsupported_media_type",
    });
  });
}

for (const text of ["{", "[]", "1", '"a"', "null", "true", "{}{}", "{'a':1}", "\u0000"]) {
  Deno.test(`readJsonObject() refuses ${JSON.stringify(text)} as invalid_json`, async () => {
    await assert.rejects(readJsonObject(post(text)), { code: "invalid_json" });
  });
}

Deno.test("readJsonObject() takes a body of exactly the limit and not a byte more", async () => {
  const body = (length: number) => `{"a":"${"x".repeat(length - 8)}"}`;
  assert.equal(body(100).length, 100);
  const read = await readJsonObject(post(body(BODY_LIMIT_BYTES)));
  assert.equal(String(read["a"]).length, BODY_LIMIT_BYTES - 8);
  await assert.rejects(readJsonObject(post(body(BODY_LIMIT_BYTES + 1))), {
    code: "body_too_large",
  });
});

Deno.test("readJsonObject() stops reading an endless body at the limit", async () => {
  const { stream, state } = pieces(new Uint8Array(BODY_LIMIT_BYTES * 3), 1_000_000);
  await assert.rejects(readJsonObject(post(stream)), { code: "body_too_large" });
  assert.ok(state.cancelled);
});

Deno.test("readJsonObject() believes a declared length without reading", async () => {
  const { stream, state } = pieces(new Uint8Array(10), 1);
  const headers = { "content-length": String(BODY_LIMIT_BYTES + 1) };
  await assert.rejects(readJsonObject(post(stream, headers)), { code: "body_too_large" });
  assert.equal(state.cancelled, false);
  await stream.cancel().catch(() => {});
});

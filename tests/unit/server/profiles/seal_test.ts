/** Sealed bytes: opened by who sealed them, for whom they were sealed, and by nobody else. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FORMAT, NONCE_BYTES, seal, unseal } from "../../../../server/profiles/seal.ts";

const bytesOf = (bytes: Uint8Array) => new Uint8Array(bytes);
const keyOf = (fill: number) =>
  crypto.subtle.importKey("raw", new Uint8Array(32).fill(fill), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
const nonce = (fill: number) => new Uint8Array(NONCE_BYTES).fill(fill);
const owner = fc.record({ id: fc.uuid(), version: fc.integer({ min: 1 }) });

Deno.test("unseal() gives back what was sealed, which does not stand in the sealed bytes", async () => {
  const key = await keyOf(1);
  await fc.assert(fc.asyncProperty(fc.uint8Array(), owner, async (given, owner) => {
    const plain = bytesOf(given);
    const sealed = await seal(plain, key, nonce(7), owner);
    assert.deepEqual(await unseal(sealed, key, owner), plain);
    assert.equal(sealed.length, 1 + NONCE_BYTES + plain.length + 16);
    if (plain.length > 7) assert.ok(!sealed.toHex().includes(plain.toHex()));
  }));
});

Deno.test("unseal() refuses a change of any byte", async () => {
  const key = await keyOf(1);
  const owner = { id: "a", version: 1 };
  const sealed = await seal(new Uint8Array([1, 2, 3]), key, nonce(7), owner);
  for (const at of sealed.keys()) {
    const changed = bytesOf(sealed);
    changed[at]! ^= 1;
    await assert.rejects(unseal(changed, key, owner), `byte ${at}`);
    await assert.rejects(unseal(bytesOf(sealed.subarray(0, at)), key, owner), `cut at ${at}`);
  }
});

Deno.test("unseal() refuses another key, another profile and another version", async () => {
  const owner = { id: "a", version: 1 };
  const sealed = await seal(new Uint8Array([1, 2, 3]), await keyOf(1), nonce(7), owner);
  await assert.rejects(unseal(sealed, await keyOf(2), owner));
  await assert.rejects(unseal(sealed, await keyOf(1), { id: "b", version: 1 }));
  await assert.rejects(unseal(sealed, await keyOf(1), { id: "a", version: 2 }));
});

Deno.test("unseal() names a format that it does not know", async () => {
  const later = new Uint8Array([FORMAT + 1, ...new Uint8Array(40)]);
  await assert.rejects(
    unseal(later, await keyOf(1), { id: "a", version: 1 }),
    /Cannot read format 2/,
  );
});

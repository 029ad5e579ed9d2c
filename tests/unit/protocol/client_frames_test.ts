/**
 * Goal: a client's frames reach Chrome unchanged, wherever chunks end, up to the command that
 * closes the browser. Method: random messages and cuts, and a table of messages like the command.
 */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ClientFrames, type CloseCommand } from "../../../protocol/client_frames.ts";
import { encodeFrame, OPCODE } from "../../../protocol/websocket_frames.ts";
import { joined } from "../../../protocol/http_head.ts";

const MASK = new Uint8Array([1, 2, 3, 250]);
const CLOSE = '{"id":7,"method":"Browser.close"}';

Deno.test("ClientFrames.push() passes everything before the command, and nothing behind", () => {
  const messages = fc.array(fc.string({ maxLength: 3_000 }), { maxLength: 5 });
  const cuts = fc.array(fc.nat({ max: 20_000 }), { maxLength: 8 });
  fc.assert(fc.property(messages, cuts, fc.boolean(), (texts, places, isClosing) => {
    const before = framesOf(texts);
    const all = joined(before, framesOf(isClosing ? [CLOSE, "late"] : []));
    const { passed, close } = pushed(all, places);
    assert.deepEqual(passed, before);
    assert.deepEqual(close?.answered, isClosing ? { id: 7 } : undefined);
  }));
});

const LIKE_IT: readonly (readonly [string, string, object | undefined])[] = [
  ["with a session", '{"id":1,"sessionId":"S","method":"Browser.close","params":{}}', {
    id: 1,
    sessionId: "S",
  }],
  ["that only names it", '{"id":1,"method":"Runtime.evaluate","a":"Browser.close"}', undefined],
  ["that is no JSON", "Browser.close", undefined],
  ["that is another method", '{"id":1,"method":"Browser.closeX"}', undefined],
];

for (const [title, text, answered] of LIKE_IT) {
  Deno.test(`ClientFrames.push() judges a message ${title}`, () => {
    const { close } = pushed(framesOf([text]), []);
    assert.deepEqual(close?.answered, answered);
  });
}

Deno.test("ClientFrames.push() notes a client that says where downloads go", () => {
  for (const method of ["Browser.setDownloadBehavior", "Page.enable"]) {
    const frames = new ClientFrames();
    const text = JSON.stringify({ id: 1, method, params: { behavior: "deny" } });
    assert.deepEqual(frames.push(framesOf([text])).passed, framesOf([text]));
    assert.equal(frames.setsDownloads, method === "Browser.setDownloadBehavior");
  }
});

function framesOf(texts: readonly string[]): Uint8Array {
  return texts.reduce<Uint8Array>(
    (all, text) => joined(all, encodeFrame(OPCODE.text, new TextEncoder().encode(text), MASK)),
    new Uint8Array(),
  );
}

function pushed(
  all: Uint8Array,
  places: readonly number[],
): { passed: Uint8Array; close: CloseCommand | null } {
  const frames = new ClientFrames();
  let passed: Uint8Array = new Uint8Array();
  const cuts = [...places.filter((at) => at < all.length), 0, all.length];
  cuts.sort((one, other) => one - other);
  for (let at = 1; at < cuts.length; at++) {
    const got = frames.push(all.slice(cuts[at - 1], cuts[at]));
    passed = joined(passed, got.passed);
    if (got.close !== null) return { passed, close: got.close };
  }
  return { passed, close: null };
}

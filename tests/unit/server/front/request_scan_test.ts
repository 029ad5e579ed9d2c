/**
 * Goal: what is taken out of a client's stream is a request beyond doubt, and everything before it
 * is passed on unchanged. Method: a table of streams; each is cut at every place a chunk can end.
 */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { HEAD_BYTES_MAX } from "../../../../protocol/http_head.ts";
import { RequestScan } from "../../../../server/front/request_scan.ts";

const WANTED = "GET /wanted HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
const PLAIN = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345";

/** Title; what stands before the wanted request; whether that is found then. */
const STREAMS: readonly (readonly [string, string, boolean])[] = [
  ["first", "", true],
  ["behind requests without bodies", PLAIN + PLAIN, true],
  ["behind a body of known length", POST + PLAIN, true],
  ["within a body", `POST / HTTP/1.1\r\nContent-Length: ${WANTED.length}\r\n\r\n`, false],
  [
    "behind a chunked body",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    false,
  ],
  [
    "behind two lengths",
    "POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    false,
  ],
  ["behind a length that is none", "POST / HTTP/1.1\r\nContent-Length: +0\r\n\r\n", false],
  ["behind a head with bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", false],
  ["behind a continued header", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", false],
  ["behind another upgrade", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", false],
  ["behind HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false],
  ["behind what is no HTTP", "\x16\x03\x01\r\n\r\n", false],
  ["behind a head without end", `GET /${"a".repeat(HEAD_BYTES_MAX)} HTTP/1.1\r\n\r\n`, false],
];

for (const [title, before, isFound] of STREAMS) {
  Deno.test(`RequestScan.push() ${isFound ? "finds" : "passes"} a request ${title}`, () => {
    const all = before + WANTED + "behind";
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 6 });
    fc.assert(fc.property(cuts, (places) => {
      const { passed, found } = scanned(all, places);
      assert.equal(found, isFound);
      if (isFound) return assert.equal(passed, before);
      // What might begin a request behind it is held until it is one.
      assert.ok(all.startsWith(passed) && passed.length >= (before + WANTED).length);
    }));
  });
}

function scanned(all: string, places: readonly number[]): { passed: string; found: boolean } {
  const scan = new RequestScan((head) => head.startsWith("GET /wanted "));
  const bytes = new TextEncoder().encode(all);
  let passed = "";
  const sorted = [0, ...places.toSorted((one, other) => one - other), bytes.length];
  for (let at = 1; at < sorted.length; at++) {
    const scanned = scan.push(bytes.slice(sorted[at - 1], sorted[at]));
    passed += new TextDecoder().decode(scanned.passed);
    if (scanned.found === null) continue;
    assert.equal(scanned.found.text, WANTED);
    const rest = new TextDecoder().decode(scanned.found.rest);
    assert.ok("behind".startsWith(rest), rest);
    return { passed, found: true };
  }
  return { passed, found: false };
}

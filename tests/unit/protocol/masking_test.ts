import assert from "node:assert/strict";
import fc from "fast-check";
import { maskLine } from "../../../protocol/masking.ts";

const ROWS: [line: string, masked: string][] = [
  ["", ""],
  ["Nothing to hide: a=b, c: d", "Nothing to hide: a=b, c: d"],
  ["cookies are cookies", "cookies are cookies"],
  ["Cookie: a=SECRET; b=SECRET", "Cookie: ***"],
  ['cookie: a="SECRET"; b=SECRET', "cookie: ***"],
  ["> SET-COOKIE: id=SECRET; Path=/; HttpOnly", "> SET-COOKIE: ***"],
  ["Authorization: Basic SECRET=", "Authorization: ***"],
  ["authorization=Bearer SECRET", "authorization=***"],
  ["Proxy-Authorization:SECRET", "Proxy-Authorization:***"],
  ["x-viper-signature: SECRET", "x-viper-signature: ***"],
  ["X-Viper-API-Key: SECRET", "X-Viper-API-Key: ***"],
  ["got 'cookie': 'SECRET', and more", "got 'cookie': '***', and more"],
  ['say {"a":1,"cookie":"SECRET","b":2}', 'say {"a":1,"cookie":"***","b":2}'],
  [
    String.raw`say "{\"cookie\":\"SECRET\",\"b\":2}"`,
    String.raw`say "{\"cookie\":\"***\",\"b\":2}"`,
  ],
  ['[["cookie","SECRET"],["a","b"]]', '[["cookie","***"],["a","b"]]'],
  [
    '[{"name":"Set-Cookie","value":"SECRET"},{"name":"a","value":"b"}]',
    '[{"name":"Set-Cookie","value":"***"},{"name":"a","value":"b"}]',
  ],
  ["used bearer SECRET.SECRET-_~+/== there", "used bearer *** there"],
  ["GET https://a.test/p?token=SECRET", "GET https://a.test/p?***"],
  ["GET https://a.test/p?token=SECRET&x#y, then", "GET https://a.test/p?*** then"],
  ["at https://a.test/p#access_token=SECRET", "at https://a.test/p#***"],
  ["at https://user:SECRET@a.test:8080/p", "at https://***@a.test:8080/p"],
  ["at wss://SECRET@a.test?SECRET", "at wss://***@a.test?***"],
  ["at postgres://u:SEC@RET@db/x", "at postgres://***@db/x"],
  [
    String.raw`at https:\/\/u:SECRET@a.test\/p?SECRET"`,
    String.raw`at https:\/\/***@a.test\/p?***"`,
  ],
  ["two https://a/?SECRET https://b/?SECRET", "two https://a/?*** https://b/?***"],
  ["GET /v1/x?api_key=SECRET HTTP/1.1", "GET /v1/x?*** HTTP/1.1"],
  ["is it a question? Yes", "is it a question? Yes"],
  ['{"message":"Cookie: a=SECRET","level":"info"}', '{"message":"Cookie: ***","level":"info"}'],
  ['{"headers":{"Cookie":["SECRET"],"a":"b"}}', '{"headers":{"Cookie":"***","a":"b"}}'],
  ['{"url":"https://a.test/?q=SECRET","n":1}', '{"url":"https://a.test/?***","n":1}'],
  ['{"url":"https://a.test/?q=SECRET', '{"url":"https://a.test/?***'],
];

for (const [line, masked] of ROWS) {
  Deno.test(`maskLine() makes "${masked}" of a line`, () => {
    assert.equal(maskLine(line), masked);
    assert.doesNotMatch(maskLine(line), /SEC|RET\b/);
  });
}

Deno.test("maskLine() masks what is masked no further, and ends for any text", () => {
  const word = fc.oneof(
    fc.constantFrom("cookie", ":", "=", '"', "\\", "'", "https://", "@", "?", "#", "/", " ", "{"),
    fc.constantFrom("bearer ", "authorization", "x-viper-a", ",", '"value"', "}", "[", "]"),
    fc.string(),
  );
  const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(""));
  fc.assert(
    fc.property(text, (line) => {
      const masked = maskLine(line);
      assert.equal(maskLine(masked), masked);
    }),
    { numRuns: 2_000 },
  );
});

for (const part of ["/", "a.", "a://", "x-viper-", "cookie", "bearer ", "?", "\\"]) {
  Deno.test(`maskLine() ends for a line that is nothing but "${part}"`, () => {
    const line = part.repeat(2_000_000 / part.length);
    assert.equal(maskLine(maskLine(line)), maskLine(line));
  });
}

/**
 * Goal: mocked requests get what the mock says, of whatever part of the page they are, as often as
 * it says so, and all others what the site says.
 * Method: rows of mocks on a real agent and Chrome, and what fetch() in the page got.
 */
import assert from "node:assert/strict";
import { MOCKS_MAX } from "../../protocol/mocks.ts";
import type { ProblemCode } from "../../protocol/problem_codes.ts";
import { ViperError } from "../../protocol/problems.ts";
import { startAgent, type TestAgent } from "./agent_fixture.ts";
import { serveMirror } from "./mirror.ts";

type Client = TestAgent["client"];
const js = async (c: Client, expression: string) => (await c.evaluate({ expression })).result;

/** Status, the header x-a and the body that the page gets, or "failed". */
const asked = (c: Client, path: string, init = "{}") =>
  js(
    c,
    `fetch("${path}", ${init}).then(async (r) => ` +
      `[r.status, r.headers.get("x-a"), await r.text()], () => "failed")`,
  );
const isMirrored = (answer: unknown) =>
  Array.isArray(answer) && answer[0] === 200 && String(answer[2]).startsWith("{");

type Row = [title: string, call: (c: Client) => Promise<unknown>, answer: unknown];
const ROWS: Row[] = [
  ["status, headers and body", async (c) => {
    await c.mock({ url: "*/told", status: 201, headers: { "x-a": "b" }, body: "ä" });
    return await asked(c, "/told");
  }, [201, "b", "ä"]],
  ["a body of bytes", async (c) => {
    await c.mock({ url: "*/told", body: "AAH/", encoding: "base64" });
    return await js(c, "fetch('/told').then((r) => r.bytes()).then((bytes) => [...bytes])");
  }, [0, 1, 255]],
  ["an abort", async (c) => {
    await c.mock({ url: "*/told", then: "abort" });
    return await asked(c, "/told");
  }, "failed"],
  ["other headers of the request", async (c) => {
    await c.mock({ url: "*/told", then: "continue", headers: { "X-Mine": "2", "x-new": "3" } });
    const [, , told] = await asked(c, "/told", "{ headers: { 'x-mine': '1', 'x-kept': '4' } }") as [
      number,
      null,
      string,
    ];
    const sent = JSON.parse(told);
    return [sent["x-mine"], sent["x-new"], sent["x-kept"]];
  }, ["2", "3", "4"]],
  ["of a method only", async (c) => {
    await c.mock({ url: "*/told", method: "POST", body: "posted" });
    return [await asked(c, "/told", "{ method: 'POST' }"), isMirrored(await asked(c, "/told"))];
  }, [[200, null, "posted"], true]],
  ["? for one character and a dot for itself", async (c) => {
    await c.mock({ url: "*/v?.json", body: "x" });
    const ask = async (path: string) => (await asked(c, path) as string[])[2] === "x";
    return [await ask("/v1.json"), await ask("/v.json"), await ask("/v1xjson")];
  }, [true, false, false]],
  ["the last that fits, and the one before when it is gone", async (c) => {
    await c.mock({ url: "*/told", body: "first" });
    const { id } = await c.mock({ url: "*", body: "last" });
    const before = await asked(c, "/told");
    await c.clearMocks({ id });
    return [before, await asked(c, "/told")];
  }, [[200, null, "last"], [200, null, "first"]]],
  ["as often as it says", async (c) => {
    await c.mock({ url: "*/told", body: "x", times: 2 });
    const first = await asked(c, "/told");
    const { mocks } = await c.mocks({});
    return [
      first,
      mocks.map(({ id: _, ...mock }) => mock),
      await asked(c, "/told"),
      isMirrored(await asked(c, "/told")),
      (await c.mocks({})).mocks,
    ];
  }, [
    [200, null, "x"],
    [{ url: "*/told", then: "answer", headers: {}, times: 1, body_length: 1, used: 1 }],
    [200, null, "x"],
    true,
    [],
  ]],
  ["navigations, and pages that they open", async (c) => {
    await c.mock({ url: "*/nowhere", headers: { "content-type": "text/html" }, body: "<p>Here" });
    const { http_status } = await c.navigate({ url: await js(c, "origin") + "/nowhere" });
    await js(c, `document.body.innerHTML = '<a id=a target=_blank href="/nowhere">Open</a>', 1`);
    await c.click({ selector: "#a" });
    const { pages } = await c.pagesList({});
    const { text } = await c.getText({ selector: "p" });
    await c.pagesClose({ page: pages.at(-1)!.id });
    return [http_status, pages.length, text];
  }, [200, 2, "Here"]],
  ["requests of workers", async (c) => {
    await c.mock({ url: "*/told", body: "x" });
    return await js(
      c,
      `Promise.all([
        new Promise((yes) => { const worker = new Worker("/worker.js");
          worker.onmessage = ({ data }) => yes(data[1]); worker.postMessage(""); }),
        new Promise((yes) => { new SharedWorker("/worker.js?" + Math.random()).port.onmessage =
          ({ data }) => yes(data[1]); })])`,
    );
  }, ["x", "x"]],
  ["requests of frames of another origin", async (c) => {
    await c.mock({
      url: "http://localhost*/frame",
      body: "<script>parent.postMessage('x', '*')</script>",
      headers: { "content-type": "text/html" },
    });
    return await js(
      c,
      `new Promise((yes) => { onmessage = ({ data }) => yes(data);
        const frame = document.createElement("iframe");
        frame.src = "http://localhost:" + location.port + "/frame"; document.body.append(frame); })`,
    );
  }, "x"],
  ["one page alone", async (c) => {
    const { id } = await c.pagesNew({ url: await js(c, "origin") + "/two" });
    const { pages: [one] } = await c.pagesList({});
    await c.mock({ url: "*/told", body: "x", page: one!.id });
    const second = isMirrored(await asked(c, "/told"));
    await c.pagesClose({ page: id });
    const first = await asked(c, "/told");
    return [second, first, (await c.clearMocks({ page: one!.id })).cleared];
  }, [true, [200, null, "x"], 1]],
  ["beside a password", async (c) => {
    const origin = await js(c, "origin") as string;
    await c.emulate({ http_auth: { username: "me", password: "secret", origin } });
    await c.mock({ url: "*/told", body: "x" });
    const got = [
      (await c.navigate({ url: `${origin}/private` })).http_status,
      await asked(c, "/told"),
    ];
    await c.resetEmulation({});
    return got;
  }, [200, [200, null, "x"]]],
];

type Bad = [title: string, call: (c: Client) => Promise<unknown>, code: ProblemCode];
const BAD: Bad[] = [
  [
    "a status with an abort",
    (c) => c.mock({ url: "*", then: "abort", status: 200 }),
    "invalid_request",
  ],
  [
    "a body that is no base64",
    (c) => c.mock({ url: "*", body: "?", encoding: "base64" }),
    "invalid_request",
  ],
  ["a status that is none", (c) => c.mock({ url: "*", status: 99 }), "invalid_request"],
  [
    "a header of two lines",
    (c) => c.mock({ url: "*", headers: { a: "b\r\nc: d" } }),
    "invalid_request",
  ],
  ["a page that there is not", (c) => c.mock({ url: "*", page: "none" }), "page_not_found"],
  ["a mock that there is not", (c) => c.clearMocks({ id: 999 }), "mock_not_found"],
  ["one mock too many", async (c) => {
    for (let count = 0; count <= MOCKS_MAX; count++) await c.mock({ url: `*/never/${count}` });
  }, "mock_limit_reached"],
];

Deno.test("mock() answers, fails and changes requests", async (t) => {
  await using agent = await startAgent();
  await using site = serveMirror();
  const { client } = agent;
  for (const [title, call, answer] of ROWS) {
    await t.step(title, async () => {
      await client.clearMocks({});
      await client.navigate({ url: `${site.url}/` });
      assert.deepEqual(await call(client), answer);
    });
  }
  for (const [title, call, code] of BAD) {
    await t.step(`${title}: ${code}`, async () => {
      await client.clearMocks({});
      const error = await call(client).catch((error) => error);
      assert(error instanceof ViperError, String(error));
      assert.equal(error.code, code, error.message);
    });
  }
  await t.step("passwords stand in no log", () => {
    assert.ok(agent.logged.every(({ line }) => !line.includes("secret")));
  });
});

/**
 * Goal: what pages wrote, threw and asked of the network is kept from their first moment on, within
 * bounds, and told as it was.
 * Method: a real agent and Chrome, pages that write, throw and ask on purpose.
 */
import assert from "node:assert/strict";
import { BODY_BYTES_MAX } from "../../agent/body_limits.ts";
import { CONSOLE_ENTRIES_MAX } from "../../agent/records/page_record.ts";
import { ViperError } from "../../protocol/problems.ts";
import { serveSite, type Site, startAgent, type TestAgent, within } from "./agent_fixture.ts";
import { BareClient } from "./bare_client.ts";
import { reached } from "./reached.ts";

const SITE: Site = {
  "/": `<title>Page</title><link rel="icon" href="data:,"><script>
    console.log("first", { a: 1, b: "x" }, [1, 2]); console.warn("careful"); console.debug("deep");
    setTimeout(() => { throw new TypeError("boom") });
    fetch("/data", { method: "POST", body: '{"q":1}' }); fetch("/nowhere"); fetch("/moved");
  </script>`,
  "/data": () => Response.json({ ok: true }, { headers: { "set-cookie": "seen=1" } }),
  "/moved": () => new Response(null, { status: 302, headers: { location: "/target" } }),
  "/target": () =>
    new Response(new Uint8Array([0, 255, 1]), { headers: { "content-type": "image/x" } }),
  "/opener": `<link rel="icon" href="data:,"><script>open("/popup")</script>`,
  "/popup": `<link rel="icon" href="data:,"><script>console.log("popped")</script>`,
  "/loud": `<link rel="icon" href="data:,"><script>
    for (let i = 0; i < 1100; i++) console.log("line " + i)</script>`,
};

type Client = TestAgent["client"];

/** The page's requests once all of them have ended. */
const settled = (client: Client, count: number) =>
  reached(async () => {
    const { requests } = await client.requests({});
    return requests.length >= count && requests.every(({ state }) => state !== "pending")
      ? requests
      : undefined;
  });

Deno.test("records of a page hold its console, errors and requests", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  await client.navigate({ url: `${site.url}/` });
  const requests = await settled(client, 5);

  await t.step("console() tells messages with levels and places", async () => {
    const { messages, dropped } = await client.console({});
    const written = messages.filter(({ source }) => source === "console");
    assert.deepEqual(written.map(({ level, text }) => [level, text]), [
      ["log", 'first {a: 1, b: "x"} [1, 2]'],
      ["warn", "careful"],
      ["debug", "deep"],
    ]);
    assert.equal(written[0]?.url, `${site.url}/`);
    assert.equal(written[0]?.line, 2);
    assert.equal(dropped, 0);
  });
  await t.step("console() tells from a level and a number on", async () => {
    const { messages, next_since } = await client.console({ level: "warn" });
    assert.ok(messages.every(({ level }) => ["warn", "error"].includes(level)));
    assert.deepEqual((await client.console({ since: next_since })).messages, []);
    await client.evaluate({ expression: "console.info('later')" });
    const later = await reached(async () => {
      const { messages } = await client.console({ since: next_since });
      return messages.length > 0 ? messages : undefined;
    });
    assert.deepEqual(later.map(({ level, text }) => [level, text]), [["info", "later"]]);
  });
  await t.step("errors() tells exceptions that nothing caught", async () => {
    const errors = await reached(async () => {
      const { errors } = await client.errors({});
      return errors.length > 0 ? errors : undefined;
    });
    assert.equal(errors.length, 1);
    assert.equal(errors[0]?.message, "TypeError: boom");
    assert.match(errors[0]?.stack ?? "", /^at /);
    assert.equal(errors[0]?.line, 3);
  });
  await t.step("requests() tells them with redirects apart", () => {
    const told = requests.map(({ method, url, type, status }) =>
      [method, url.slice(site.url.length), type, status].join(" ")
    );
    assert.deepEqual(told.sort(), [
      "GET / document 200",
      "GET /moved fetch 302",
      "GET /nowhere fetch 404",
      "GET /target fetch 200",
      "POST /data fetch 200",
    ]);
  });
  await t.step("requests() finds by URL, type and status", async () => {
    const count = async (wanted: Parameters<Client["requests"]>[0]) =>
      (await client.requests(wanted)).requests.length;
    assert.equal(await count({ url: "/mov" }), 1);
    assert.equal(await count({ type: "document" }), 1);
    assert.equal(await count({ status: "4xx" }), 1);
    assert.equal(await count({ status: "302" }), 1);
    assert.equal(await count({ state: "pending" }), 0);
    const { requests: two, more } = await client.requests({ since: 0, limit: 2 });
    assert.deepEqual([two.length, more], [2, true]);
  });
  const idOf = (path: string) =>
    requests.find(({ url }) => url === `${site.url}${path}`)?.id ?? assert.fail(path);
  await t.step("request() tells headers and what was sent", async () => {
    const request = await client.request({ id: idOf("/data") });
    assert.equal(request.request_body, '{"q":1}');
    assert.ok(request.request_headers.some(({ name }) => name.toLowerCase() === "user-agent"));
    assert.ok(
      request.response_headers?.some(({ name, value }) =>
        name.toLowerCase() === "set-cookie" && value === "seen=1"
      ),
    );
  });
  await t.step("requestBody() fetches texts and bytes", async () => {
    const text = await client.requestBody({ id: idOf("/data") });
    assert.deepEqual([text.body, text.base64], ['{"ok":true}', false]);
    const bytes = await client.requestBody({ id: idOf("/target") });
    assert.deepEqual([bytes.body, bytes.base64], ["AP8B", true]);
  });
  for (
    const [title, path, code, message] of [
      ["of none", "", "request_not_found", /no request 999999/],
      ["of a redirect", "/moved", "body_not_kept", /the answer was a redirect/],
    ] as const
  ) {
    await t.step(`requestBody() ${title}: ${code}`, async () => {
      const id = path === "" ? 999_999 : idOf(path);
      const error = await client.requestBody({ id }).catch((error) => error);
      assert.ok(error instanceof ViperError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }
  await t.step("requestBody() of one that failed says that it did", async () => {
    await client.evaluate({ expression: "fetch('http://127.0.0.1:1/').catch(() => 0)" });
    const { id = 0 } = await reached(async () =>
      (await client.requests({ state: "failed" })).requests[0]
    );
    await assert.rejects(client.requestBody({ id }), {
      code: "body_not_kept",
      message: /the request failed: net::ERR_/,
    });
  });
  await t.step("har() exports an archive with bodies", async () => {
    const { log } = await client.har({ bodies: true, url: "/data" });
    const [entry] = log.entries as unknown as [{
      time: number;
      request: { method: string; postData: { text: string } };
      response: { status: number; content: { text: string; size: number }; cookies: unknown };
      timings: Record<string, number>;
    }];
    assert.equal(log.version, "1.2");
    assert.equal(log.entries.length, 1);
    assert.equal(entry.request.postData.text, '{"q":1}');
    assert.deepEqual(entry.response.content, {
      size: 11,
      mimeType: "application/json",
      text: '{"ok":true}',
    });
    assert.deepEqual(entry.response.cookies, [{ name: "seen", value: "1" }]);
    assert.ok(entry.time > 0);
  });
});

Deno.test("records begin with a popup's first request", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  await client.navigate({ url: `${site.url}/opener` });
  const popup = await reached(async () => {
    const { requests } = await client.requests({ url: "/popup" });
    const { messages } = await client.console({});
    return requests.length > 0 && messages.length > 0 ? { requests, messages } : undefined;
  });
  assert.equal(popup.requests[0]?.type, "document");
  assert.equal(popup.messages[0]?.text, "popped");
});

Deno.test("records give up the oldest messages and count them", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  await client.navigate({ url: `${site.url}/loud` });
  const { messages, dropped, more } = await reached(async () => {
    const told = await client.console({ limit: 1_000 });
    return told.messages.at(-1)?.text === "line 1099" ? told : undefined;
  });
  assert.equal(messages.length, CONSOLE_ENTRIES_MAX);
  assert.equal(messages[0]?.text, "line 100");
  assert.equal(dropped, 100);
  assert.equal(more, false);
});

Deno.test("GET /v1/browser/follow tells what happens, from a number on", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const response = await agent.signedFetch(`${agent.baseUrl}/v1/browser/follow`);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  await client.navigate({ url: `${site.url}/popup` });
  const text = await readUntil(
    response,
    (text) => text.includes("popped") && text.includes('"state":"done"'),
  );
  assert.match(text, /^id: \d+\nevent: request\ndata: \{.*\/popup.*"type":"document"/m);
  assert.match(text, /^event: console$/m);
  const resumed = await agent.signedFetch(`${agent.baseUrl}/v1/browser/follow?last_event_id=1`);
  const [, first] =
    /^id: (\d+)$/m.exec(await readUntil(resumed, (text) => /^id: .*\n/m.test(text))) ??
      [];
  assert.ok(Number(first) > 1, first);
});

/** Reads a stream up to what is looked for, and leaves it. */
async function readUntil(response: Response, isThere: (text: string) => boolean): Promise<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!isThere(text)) text += (await within("the stream", reader.read())).value ?? "";
  await reader.cancel();
  return text;
}

Deno.test("bodies are kept within bounds, in popups too, whatever a DevTools client asks for", async () => {
  const filler = (bytes: number) => () => new Response("x".repeat(bytes));
  await using agent = await startAgent();
  await using site = serveSite({
    ...SITE,
    ...{ "/large": filler(BODY_BYTES_MAX + 1), "/small": filler(1_000) },
  });
  const { client } = agent;
  await client.navigate({ url: `${site.url}/opener` });
  const pages = await reached(async () => {
    const { pages } = await client.pagesList({});
    return pages.length === 2 ? pages : undefined;
  });
  await using devtools = await devtoolsOf(agent);
  for (const { id: page } of pages) {
    await devtools.ask(page, "Network.enable", { maxTotalBufferSize: 0 });
    const expression = `Promise.all(["/large", "/small"].map((path) =>
      fetch(path).then((response) => response.text()))).then(() => 1)`;
    await client.evaluate({ page, expression, await_promise: true });
    const body = async (path: string) => {
      // The page has the answer a little before its end is told.
      const { id } = await reached(async () =>
        (await client.requests({ page, url: path, state: "done" })).requests[0]
      );
      return await client.requestBody({ page, id });
    };
    assert.equal((await body("/small")).body.length, 1_000);
    await assert.rejects(body("/large"), { code: "body_not_kept" });
  }
});

/** A client of the agent's Chrome beside the agent. */
async function devtoolsOf(agent: TestAgent) {
  const answer = await agent.signedFetch(`${agent.baseUrl}/v1/devtools`);
  const { hostname, port } = new URL((await answer.json()).websocket_url);
  const open: BareClient[] = [];
  return {
    ask: async (page: string, method: string, params: object) => {
      const client = new BareClient(await Deno.connect({ hostname, port: Number(port) }), {});
      open.push(client);
      await client.upgrade(`/devtools/page/${page}`);
      await client.send({ id: 1, method, params });
      assert.match((await client.next())?.text ?? "", /^{"id":1,"result":/);
    },
    [Symbol.asyncDispose]: () => {
      for (const client of open) client[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/**
 * Goal: pages go where they are told, are named by their ids, and never hang on a dialog.
 * Method: tables of calls through the typed client, against one real agent and Chrome.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { type Bad, type Client, type Good, SHORT_MS, table } from "./agent_table.ts";

const home = (site: string) => ({ status: "ok", url: `${site}/`, title: "Page", http_status: 200 });
const other = (site: string) => ({
  status: "ok",
  url: `${site}/other`,
  title: "Other",
  http_status: 200,
});

table("reload(), back() and forward() go through the history", (site) => ({
  good: [
    ["reload", (c) => c.reload({}), home(site)],
    ["reload without the cache", (c) => c.reload({ ignore_cache: true }), home(site)],
    ["back", (c) => c.navigate({ url: `${site}/other` }).then(() => c.back({})), home(site)],
    [
      "forward",
      async (c) => {
        await c.navigate({ url: `${site}/other` });
        await c.back({});
        return await c.forward({});
      },
      other(site),
    ],
    [
      "back within the page",
      async (c) => {
        await c.navigate({ url: `${site}/#far` });
        return (await c.back({})).url;
      },
      `${site}/`,
    ],
    ...(["commit", "domcontentloaded"] as const).map((wait_until): Good => [
      `a page that never ends loading, until ${wait_until}`,
      async (c) => (await c.navigate({ url: `${site}/hanging`, wait_until })).http_status,
      200,
    ]),
    [
      "a page that is quiet",
      (c) => c.navigate({ url: `${site}/other`, wait_until: "networkidle" }),
      other(site),
    ],
    [
      "what a click began",
      async (c) => {
        await c.click({ selector: "#link" });
        return await c.waitNavigation({});
      },
      other(site),
    ],
    [
      "what a click began and ended",
      async (c) => {
        await c.click({ selector: "#link" });
        await c.getText({ selector: "#nothing", timeout_ms: 300 }).catch(() => {});
        return await c.waitNavigation({});
      },
      other(site),
    ],
    [
      "what a script does later",
      async (c) => {
        await c.evaluate({ expression: "setTimeout(() => location = '/other', 200), 1" });
        return await c.waitNavigation({});
      },
      other(site),
    ],
  ],
  bad: [
    [
      "forward at the end",
      (c) => c.forward({}),
      "history_end_reached",
      /Cannot go forward: no page is behind this one/,
    ],
    [
      "reload of what failed",
      async (c) => {
        await c.navigate({ url: "http://127.0.0.1:1/" }).catch(() => {});
        return await c.reload({});
      },
      "navigation_failed",
      /Cannot reload the page: "http:\/\/127.0.0.1:1\/" has no answer/,
    ],
    [
      "to wait where nothing happens",
      (c) => c.waitNavigation({ timeout_ms: SHORT_MS }),
      "timeout",
      /Cannot wait for a navigation within .* first answer/,
    ],
    [
      "to wait for a state that is none",
      (c) => c.waitNavigation({ wait_until: "soon" as "load" }),
      "invalid_request",
      /wait_until/,
    ],
    [
      "a page that never ends loading, reloaded",
      async (c) => {
        await c.navigate({ url: `${site}/hanging`, wait_until: "commit" });
        return await c.reload({ timeout_ms: SHORT_MS });
      },
      "timeout",
      /load event/,
    ],
  ],
}));

const asked = (expression: string) => (c: Client) => c.evaluate({ expression });

table("a dialog stops its page, and says so, until it is answered", (site) => ({
  good: [
    [
      "listed and accepted",
      async (c) => {
        await asked("globalThis.answer = confirm('Sure?')")(c).catch(() => {});
        const { dialogs } = await c.dialogsList({});
        assert.equal(dialogs.length, 1);
        await c.dialogsAccept({});
        const { type, message } = dialogs[0] ?? assert.fail();
        return [type, message, (await asked("answer")(c)).result];
      },
      ["confirm", "Sure?", true],
    ],
    [
      "dismissed",
      async (c) => {
        await asked("globalThis.answer = confirm('Sure?')")(c).catch(() => {});
        await c.dialogsDismiss({});
        return (await asked("answer")(c)).result;
      },
      false,
    ],
    [
      "answered with a text",
      async (c) => {
        await asked("globalThis.answer = prompt('Name?', 'you')")(c).catch(() => {});
        await c.dialogsAccept({ text: "me" });
        return (await asked("answer")(c)).result;
      },
      "me",
    ],
    [
      "answered with what it proposes",
      async (c) => {
        await asked("globalThis.answer = prompt('Name?', 'you')")(c).catch(() => {});
        await c.dialogsAccept({});
        return (await asked("answer")(c)).result;
      },
      "you",
    ],
    [
      "answered at once, where that is the policy",
      async (c) => {
        await c.dialogsPolicy({ policy: "accept" });
        const accepted = (await asked("confirm('Sure?')")(c)).result;
        await c.dialogsPolicy({ policy: "dismiss" });
        const dismissed = (await asked("confirm('Sure?')")(c)).result;
        await c.dialogsPolicy({ policy: "hold" });
        return [accepted, dismissed];
      },
      [true, false],
    ],
  ],
  bad: [
    ["accepted where there is none", (c) => c.dialogsAccept({}), "dialog_not_found", /shows none/],
    ["dismissed where there is none", (c) => c.dialogsDismiss({}), "dialog_not_found", /none/],
    ...([
      ["the script that asks", asked("alert('hello')"), "hello"],
      ["a page that asks as it loads", (c) => c.navigate({ url: `${site}/asking` }), "loading"],
    ] as [string, (c: Client) => Promise<unknown>, string][]).map(([title, call, text]): Bad => [
      title,
      async (c) => {
        try {
          return await call(c);
        } finally {
          await c.dialogsDismiss({});
        }
      },
      "dialog_open",
      new RegExp(`the page shows the alert "${text}"`),
    ]),
    [
      "an action on the page behind it",
      async (c) => {
        await asked("alert('hello')")(c).catch(() => {});
        try {
          return await c.getText({ selector: "#ok" });
        } finally {
          await c.dialogsDismiss({});
        }
      },
      "dialog_open",
      /Cannot read the text of "#ok": the page shows the alert "hello"/,
    ],
  ],
}));

Deno.test("pages are opened, listed, named, activated and closed", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite({ "/a": "<title>A</title>", "/b": "<title>B</title>" });
  const { client } = agent;
  const titles = async () => (await client.pagesList({})).pages.map(({ title }) => title);
  await client.navigate({ url: `${site.url}/a` });
  const [{ id: a = "" } = {}] = (await client.pagesList({})).pages;
  const { id: b, title } = await client.pagesNew({ url: `${site.url}/b` });

  await t.step("a new one is the active one", async () => {
    assert.equal(title, "B");
    assert.deepEqual(await titles(), ["A", "B"]);
    assert.equal((await client.evaluate({ expression: "document.title" })).result, "B");
  });
  await t.step("actions go to the one they name", async () => {
    const { result } = await client.evaluate({ expression: "document.title", page: a });
    assert.equal(result, "A");
  });
  await t.step("one page does not wait for another", async () => {
    const hanging = client.evaluate({ expression: "new Promise((done) => globalThis.end = done)" });
    await client.waitFunction({ expression: "globalThis.end !== undefined" });
    await client.evaluate({ expression: "1", page: a });
    await client.pagesActivate({ page: a });
    await client.waitFunction({ expression: "end(7), true", page: b });
    assert.equal((await hanging).result, 7);
  });
  await t.step("the activated one is the active one", async () => {
    assert.deepEqual(await titles(), ["B", "A"]);
    assert.equal((await client.evaluate({ expression: "document.title" })).result, "A");
  });
  await t.step("a picture of one that is not in front", async () => {
    assert.ok((await client.screenshot({ page: b })).byte_length > 0);
  });
  await t.step("a dialog on one does not stop another", async () => {
    await client.evaluate({ expression: "alert(1)", page: b }).catch(() => {});
    assert.equal((await client.evaluate({ expression: "document.title" })).result, "A");
    assert.deepEqual((await client.dialogsList({})).dialogs, [
      { page: b, type: "alert", message: "1" },
    ]);
  });
  await t.step("a closed one is gone, dialog and all", async () => {
    await client.pagesClose({ page: b });
    assert.deepEqual(await titles(), ["A"]);
    const calls = [
      () => client.navigate({ page: b, url: "about:blank" }),
      () => client.pagesClose({ page: b }),
      () => client.pagesActivate({ page: b }),
      () => client.dialogsAccept({ page: b }),
    ];
    for (const call of calls) await assert.rejects(call(), { code: "page_not_found" });
  });
  await t.step("whatever is under way on one that is closed says that it is gone", async () => {
    const endless = "new Promise(() => {})";
    const calls = [
      (page: string) => client.evaluate({ expression: endless, page }),
      (page: string) => client.waitFunction({ expression: endless, page }),
      (page: string) => client.click({ selector: "#none", page }),
      (page: string) => client.navigate({ url: `${site.url}/never`, page }),
    ];
    // Which of the page's DevTools sessions ends first, and what that breaks, is chance.
    for (const call of [...calls, ...calls]) {
      const { id: page } = await client.pagesNew({});
      const gone = assert.rejects(call(page), { code: "page_not_found" });
      await client.pagesClose({ page });
      await gone;
    }
  });
  await t.step("when the last is closed there is a blank one", async () => {
    await client.pagesClose({ page: a });
    const { pages } = await client.pagesList({});
    assert.deepEqual(pages.map(({ url, active }) => [url, active]), [["about:blank", true]]);
  });
  await t.step("the timeout may stand in the query", async () => {
    const url = `${agent.baseUrl}/v1/browser/back?timeout_ms=0`;
    const answer = await agent.signedFetch(url, { method: "POST" });
    assert.equal((await answer.json()).code, "invalid_request");
  });
});

/**
 * Goal: a page that asks something at once, before it can be taken over, holds up neither the agent
 * nor the other pages. Method: one real agent and Chrome, and a table of ways to open such a page.
 */
import assert from "node:assert/strict";
import { serveSite, type Site, startAgent, type TestAgent } from "./agent_fixture.ts";
import { reached } from "./reached.ts";

const icon = `<link rel="icon" href="data:,">`;
const SITE: Site = {
  "/": `<title>Page</title>${icon}
    <a id="link" href="/asks" target="_blank">by a link</a>
    <button id="script" onclick="window.open('/asks')">by a script</button>
    <button id="itself" onclick="window.open('about:blank').alert('At once')">asks itself</button>
    <button id="chooser" onclick="window.open('/choose')">a page that closes itself</button>
    <a id="plain" href="/plain" target="_blank">a page that asks nothing</a>`,
  "/choose": `<title>Choose</title>${icon}
    <button autofocus onclick="opener.document.title = 'Chosen'; window.close()">Choose</button>`,
  "/asks": `<title>Asks</title>${icon}<script>alert("At once")</script>`,
  "/plain": `<title>Plain</title>${icon}`,
};

/** What is clicked, and where the page is that this opens. */
const WAYS = [["#link", "/asks"], ["#script", "/asks"], ["#itself", "about:blank"]] as const;

Deno.test("a page that asks before it can be taken over", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  for (const [selector, path] of WAYS) {
    await t.step(`opened by ${selector}, can be answered`, async () => {
      const { opener, popup } = await clickToAsk(agent, site.url, selector);
      await assert.rejects(client.evaluate({ expression: "1" }), {
        code: "dialog_open",
        message: /the page shows the alert "At once"/,
      });
      await client.dialogsAccept({ page: popup });
      assert.deepEqual((await client.dialogsList({})).dialogs, []);
      const { result } = await client.evaluate({ expression: "location.href" });
      assert.equal(result, path.startsWith("/") ? site.url + path : path);
      assert.equal(
        (await client.getText({ page: opener, selector: "#script" })).text,
        "by a script",
      );
      await client.pagesClose({ page: popup });
    });
  }

  await t.step("leaves the other pages alone, and is the active one to answer", async () => {
    const { opener, popup } = await clickToAsk(agent, site.url, "#link");
    assert.equal((await client.evaluate({ page: opener, expression: "6 * 7" })).result, 42);
    await client.dialogsDismiss({});
    await client.pagesClose({ page: popup });
  });

  await t.step("is in the list as the active one, and can be closed", async () => {
    const { opener, popup } = await clickToAsk(agent, site.url, "#link");
    const { pages } = await client.pagesList({});
    const told = pages.map(({ id, url, active }) => [id, url, active]);
    assert.deepEqual(told.slice(-2), [
      [opener, `${site.url}/`, false],
      [popup, `${site.url}/asks`, true],
    ]);
    await assert.rejects(client.pagesActivate({ page: popup }), { code: "dialog_open" });
    await client.pagesClose({ page: popup });
    assert.equal(await activePage(agent), opener);
    assert.deepEqual((await client.dialogsList({})).dialogs, []);
  });

  await t.step("is answered by the policy", async () => {
    await client.dialogsPolicy({ policy: "accept" });
    await client.navigate({ url: `${site.url}/` });
    await client.click({ selector: "#script" });
    assert.equal((await client.waitNavigation({})).title, "Asks");
    await client.dialogsPolicy({ policy: "hold" });
    await client.pagesClose({ page: await activePage(agent) });
  });
});

Deno.test("wait-navigation after a click that opens a page waits for that page", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  await agent.client.navigate({ url: `${site.url}/` });
  await agent.client.click({ selector: "#plain" });
  const { url, title } = await agent.client.waitNavigation({});
  assert.deepEqual([url, title], [`${site.url}/plain`, "Plain"]);
});

Deno.test("a page that closes itself has taken what made it", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  const { client } = agent;
  const acts = {
    click: (page: string) => client.click({ page, selector: "button" }),
    press: (page: string) => client.press({ page, selector: "button", key: "Enter" }),
  };
  for (const [verb, act] of Object.entries(acts)) {
    await t.step(`${verb}()`, async () => {
      await client.navigate({ url: `${site.url}/` });
      const opener = await activePage(agent);
      await client.click({ selector: "#chooser" });
      assert.deepEqual(await act(await activePage(agent)), { status: "ok" });
      const { title } = await client.waitUrl({ page: opener, glob: "*" });
      assert.equal(title, "Chosen");
      assert.equal(await activePage(agent), opener);
    });
  }
});

async function clickToAsk({ client }: TestAgent, siteUrl: string, selector: string) {
  await client.navigate({ url: `${siteUrl}/` });
  const opener = await activePage({ client });
  assert.deepEqual(await client.click({ selector }), { status: "ok" });
  const dialogs = await reached(async () => {
    const { dialogs } = await client.dialogsList({});
    return dialogs.length > 0 ? dialogs : undefined;
  });
  assert.deepEqual(dialogs.map(({ type, message }) => [type, message]), [["alert", "At once"]]);
  return { opener, popup: dialogs[0]?.page ?? "" };
}

async function activePage({ client }: Pick<TestAgent, "client">): Promise<string> {
  const { pages } = await client.pagesList({});
  return pages.find(({ active }) => active)?.id ?? assert.fail("no page is active");
}

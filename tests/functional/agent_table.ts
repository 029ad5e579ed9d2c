/** Tables of actions that work and of actions that do not, on one page. */
import assert from "node:assert/strict";
import type { ProblemCode } from "../../protocol/problem_codes.ts";
import { ViperError } from "../../protocol/problems.ts";
import { serveSite, type Site, startAgent, type TestAgent } from "./agent_fixture.ts";

/** The agent's operations, as a caller has them. */
export type Client = TestAgent["client"];
/** What is called, the code of its problem, and what its message says. */
export type Bad = [
  title: string,
  call: (c: Client) => Promise<unknown>,
  ProblemCode,
  message: RegExp,
];
/** What is called, and what it answers. */
export type Good = [title: string, call: (c: Client) => Promise<unknown>, answer: unknown];

/** Short enough to wait for in a table, for what ends by its time however busy the machine is. */
export const SHORT_MS = 800;

/** What actions are done on; loaded anew before each row. */
const PAGE = `<title>Page</title>
<style>
  #hidden { display: none } #unseen { visibility: hidden } #flat { width: 0; height: 0; padding: 0;
  border: 0 } #cover { position: fixed; left: 0; top: 0; width: 120px; height: 40px }
  #covered { position: absolute; left: 10px; top: 10px } #through { pointer-events: none }
  #moving { position: relative; animation: move 1s linear infinite }
  @keyframes move { from { left: 0 } to { left: 500px } } #far { margin-top: 3000px }
</style>
<body style="padding-top: 60px">
<button id="covered">Covered</button><div id="cover" class="veil"></div>
<button id="ok" onclick="log('click')" oncontextmenu="log('menu'); return false"
  onauxclick="log('aux' + event.button)">OK</button>
<button id="hidden">Hidden</button><button id="unseen">Unseen</button><div id="flat"></div>
<button id="disabled" disabled>Disabled</button>
<div role="button" aria-disabled="true" id="aria">Aria</div>
<p><button id="through">Through</button></p><button id="moving">Moving</button>
<label>Agree <input type="checkbox" id="agree"></label>
<button id="late" disabled onclick="log('late')">Late</button>
<a id="link" href="/other">Link</a>
<button id="nested" onclick="log('nested')"><b><i>Nested</i></b></button>
<p id="text">Shown <span style="display: none">secret</span> <b>bold</b></p>
<form onsubmit="log('submit ' + this.elements.q.value); return false"><input id="q" name="q"
  value="old"></form>
<textarea id="area">first</textarea><div id="rich" contenteditable>rich</div>
<input id="mail" type="email" value="a@b"><input id="readonly" readonly value="fixed">
<input id="locked" disabled value="locked"><input id="file" type="file">
<select id="select"><option>One</select>
<button id="far" onclick="log('far')">Far</button>
<p style="height: 40px"><button id="shy" onclick="log('shy')" onmousemove="flee(this)">Shy</button><b
  onclick="log('wrong')" onmousedown="log('wrong')">Instead</b></p>
<button id="shyer" onclick="log('shyer')" onmousemove="this.before('Further away, ')">Shyer</button>
<pre id="log"></pre>
<script>
  function flee(shy) { shy.onmousemove = null; shy.parentNode.append(shy) }
  function log(text) { document.querySelector("#log").append(text + ";") }
  setTimeout(() => document.querySelector("#late").disabled = false, 150);
  setTimeout(() => { const b = document.createElement("button"); b.id = "later";
    b.onclick = () => log("later"); b.textContent = "Later"; document.body.prepend(b) }, 150);
</script>`;

const SITE: Site = {
  "/": PAGE,
  "/other": "<title>Other</title>",
  "/next": "<title>Next</title><p id=next>Arrived",
  "/moved": () => new Response(null, { status: 302, headers: { location: "/other" } }),
  "/empty": () => new Response(null, { status: 204 }),
  "/download": () =>
    new Response("x", { headers: { "content-disposition": "attachment; filename=x" } }),
  "/asking": "<script>alert('loading')</script>",
  "/hanging": '<title>Hanging</title><img src="/never">',
  "/broken": () => new Response("oops", { status: 500 }),
};

/** Runs both tables, each row on a fresh page. */
export function table(
  name: string,
  rows: (site: string) => { good: Good[]; bad: Bad[] },
): void {
  Deno.test(name, async (t) => {
    await using agent = await startAgent();
    await using site = serveSite(SITE);
    const { good, bad } = rows(site.url);
    for (const [title, call, answer] of good) {
      await t.step(title, async () => {
        await agent.client.navigate({ url: `${site.url}/` });
        assert.deepEqual(await call(agent.client), answer);
      });
    }
    for (const [title, call, code, message] of bad) {
      await t.step(`${title}: ${code}`, async () => {
        await agent.client.navigate({ url: `${site.url}/` });
        const error = await call(agent.client).then(
          (answer) => assert.fail(`answered ${JSON.stringify(answer)}`),
          (error) => error,
        );
        assert(error instanceof ViperError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\.$/);
      });
    }
  });
}

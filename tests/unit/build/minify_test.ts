/** A minified module does what the module did; above all, it closes what it opened. */
import assert from "node:assert/strict";
import { stop } from "esbuild";
import { minified } from "../../../build/minify.ts";

const CODE = `
const steps = [];
class Opened {
  use() { steps.push("used"); }
  [Symbol.dispose]() { steps.push("closed"); }
  async [Symbol.asyncDispose]() { steps.push("closed"); }
}
export async function stepsOf() {
  {
    using opened = new Opened();
    opened.use();
  }
  {
    await using opened = new Opened();
    opened.use();
  }
  return steps;
}`;

Deno.test("minified() keeps what `using` disposes of", {
  // esbuild's stop() ends its process and does not wait for the end.
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  try {
    const code = await minified(CODE);
    assert.ok(code.length < CODE.length);
    const { stepsOf } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    assert.deepEqual(await stepsOf(), ["used", "closed", "used", "closed"]);
  } finally {
    await stop();
  }
});

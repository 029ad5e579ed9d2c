/** Which commands get limits, as a table. */
import assert from "node:assert/strict";
import { BODIES_BYTES_MAX, BODY_BYTES_MAX, withBodyLimits } from "../../../agent/body_limits.ts";

const LIMITS = { maxTotalBufferSize: BODIES_BYTES_MAX, maxResourceBufferSize: BODY_BYTES_MAX };

/** Title, command, the params it has then. */
const COMMANDS: readonly (readonly [string, Record<string, unknown>, unknown])[] = [
  ["without params", { method: "Network.enable", id: 1 }, LIMITS],
  ["with others", { method: "Network.enable", params: { a: 1 } }, { ...LIMITS, a: 1 }],
  ["with its own", { method: "Network.enable", params: { maxTotalBufferSize: 0 } }, {
    ...LIMITS,
    maxTotalBufferSize: 0,
  }],
  ["of another name", { method: "Network.enableReportingApi" }, undefined],
  ["that names it", { method: "Runtime.evaluate", params: '"Network.enable"' }, '"Network.enable"'],
];

for (const [title, command, params] of COMMANDS) {
  Deno.test(`withBodyLimits() of a command ${title}`, () => {
    const sent = JSON.parse(withBodyLimits(JSON.stringify(command)));
    assert.deepEqual(sent, { ...command, ...(params === undefined ? {} : { params }) });
  });
}

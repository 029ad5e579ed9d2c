import assert from "node:assert/strict";
import fc from "fast-check";
import { BATCH_BYTES_MAX, LogQueue, QUEUED_LINES_MAX } from "../../../agent/log_queue.ts";
import { guestLogs, LOG_LINE_LENGTH_MAX } from "../../../protocol/guest.ts";
import { GUEST_BODY_BYTES_MAX } from "../../../server/api/guest.ts";

const now = () => new Date(0);

Deno.test("LogQueue gives back what it was given, in its order, until it is taken", () => {
  const queue = new LogQueue(now);
  assert.equal(queue.next(), null);
  queue.add("agent", "one\n");
  queue.add("browser", "Cookie: a=b");
  const batch = queue.next();
  assert.deepEqual(batch?.lines.map(({ stream, line }) => [stream, line]), [
    ["agent", "one"],
    ["browser", "Cookie: ***"],
  ]);
  assert.deepEqual(queue.next(), batch, "not taken yet");
  queue.add("agent", "later");
  queue.taken(batch!);
  assert.deepEqual(queue.next()?.lines.map(({ line }) => line), ["later"]);
});

Deno.test("LogQueue cuts long lines and counts those that it has no room for", () => {
  const queue = new LogQueue(now);
  queue.add("agent", "x".repeat(LOG_LINE_LENGTH_MAX * 2));
  for (let n = 0; n < QUEUED_LINES_MAX + 4; n++) queue.add("agent", String(n));
  let lines = 0;
  for (let batch = queue.next(); batch !== null; batch = queue.next()) {
    lines += batch.lines.length;
    assert.equal(batch.dropped, lines === QUEUED_LINES_MAX ? 5 : 0);
    queue.taken(batch);
  }
  assert.equal(lines, QUEUED_LINES_MAX);
});

Deno.test("LogQueue makes batches that the daemon takes, whatever the lines are", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 50 }),
    fc.constantFrom("\0", "日", "\u{1f600}", '"').map((text) => text.repeat(5_000)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
      const queue = new LogQueue(now);
      for (const text of lines) queue.add("browser", text);
      let sent = 0;
      for (let batch = queue.next(); batch !== null; batch = queue.next()) {
        assert.ok(batch.lines.length > 0);
        const body = guestLogs.input.parse({ vm_id: "id", ...batch });
        const bytes = new TextEncoder().encode(JSON.stringify(body)).length;
        assert.ok(bytes < BATCH_BYTES_MAX * 1.2 && bytes < GUEST_BODY_BYTES_MAX, String(bytes));
        sent += batch.lines.length;
        queue.taken(batch);
      }
      assert.equal(sent, lines.length);
    }),
    { numRuns: 50 },
  );
});

import assert from "node:assert/strict";
import { Database } from "../../../../server/store/database.ts";
import {
  IDEMPOTENCY_KEY_AGE_MS_MAX,
  IDEMPOTENCY_KEYS_MAX,
  IdempotencyRows,
} from "../../../../server/store/idempotency_rows.ts";

const START = Date.UTC(2024, 0, 1);
const use = (key: string, caller = "me") => ({
  caller,
  key,
  request_hash: "h",
  vm_id: `vm-${key}`,
});
const at = (ms: number) => new Date(START + ms);

Deno.test("IdempotencyRows.find() knows a key for a day, by its caller", () => {
  using db = Database.open(":memory:");
  const rows = new IdempotencyRows(db);
  rows.insert(use("one"), at(0));
  assert.deepEqual({ ...rows.find("me", "one", at(0)) }, use("one"));
  assert.equal(rows.find("you", "one", at(0)), undefined);
  assert.equal(rows.find("me", "two", at(0)), undefined);
  assert.ok(rows.find("me", "one", at(IDEMPOTENCY_KEY_AGE_MS_MAX)));
  assert.equal(rows.find("me", "one", at(IDEMPOTENCY_KEY_AGE_MS_MAX + 1)), undefined);
  rows.insert(use("one"), at(IDEMPOTENCY_KEY_AGE_MS_MAX + 1));
});

Deno.test("IdempotencyRows.insert() forgets the oldest of too many", () => {
  using db = Database.open(":memory:");
  const rows = new IdempotencyRows(db);
  db.withTx(() => {
    for (let n = 0; n <= IDEMPOTENCY_KEYS_MAX; n++) {
      db.run(
        "INSERT INTO idempotency_keys VALUES ('me', ?, 'h', 'vm', ?)",
        `k${n}`,
        at(n).toISOString(),
      );
    }
  });
  rows.insert(use("new"), at(IDEMPOTENCY_KEYS_MAX + 1));
  const count = db.get<{ n: number }>("SELECT count(*) AS n FROM idempotency_keys")?.n;
  assert.equal(count, IDEMPOTENCY_KEYS_MAX);
  assert.equal(rows.find("me", "k1", at(0)), undefined);
  assert.ok(rows.find("me", "k2", at(0)));
  assert.ok(rows.find("me", "new", at(0)));
});

Deno.test("IdempotencyRows.removeOf() frees the keys of one VM", () => {
  using db = Database.open(":memory:");
  const rows = new IdempotencyRows(db);
  rows.insert(use("one"), at(0));
  rows.insert(use("two"), at(0));
  rows.removeOf("vm-one");
  assert.equal(rows.find("me", "one", at(0)), undefined);
  assert.ok(rows.find("me", "two", at(0)));
});

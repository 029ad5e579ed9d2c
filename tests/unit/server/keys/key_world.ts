/** API keys over a database in memory, with a clock that stands still. */
import { denoHost } from "../../../../host/deno_host.ts";
import { jsonLog } from "../../../../host/json_log.ts";
import { ApiKeys } from "../../../../server/keys/keys.ts";
import { Database } from "../../../../server/store/database.ts";
import { FakeClock } from "../../../fake_clock.ts";

export function keyWorld() {
  const clock = new FakeClock();
  const log: string[] = [];
  const host = { ...denoHost({ log: jsonLog((line) => log.push(line), clock.now) }), clock };
  const db = Database.open(":memory:");
  const keys = new ApiKeys(db, host);
  return { clock, log, host, db, keys, [Symbol.dispose]: () => db[Symbol.dispose]() };
}

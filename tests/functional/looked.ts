import { ViperError } from "../../protocol/problems.ts";
import { WAIT_MS } from "./agent_fixture.ts";

/** Long enough to look twice, short enough to wait for in a table. */
const FIRST_MS = 800;
/** What a timeout says when the page was not looked at even once. */
const BLIND = /: (still waiting for .*|the page did not answer)$/;

/**
 * What a call comes to that finds something on the page until its time is over. A machine that is
 * too busy to look at the page in that time says nothing of the call: it has twice the time then.
 */
export async function looked(call: (timeout_ms: number) => Promise<unknown>): Promise<unknown> {
  for (let timeoutMs = FIRST_MS;; timeoutMs *= 2) {
    try {
      return await call(timeoutMs);
    } catch (error) {
      const isBlind = error instanceof ViperError && error.code === "timeout" &&
        BLIND.test(error.message);
      if (!isBlind || timeoutMs > WAIT_MS) throw error;
    }
  }
}

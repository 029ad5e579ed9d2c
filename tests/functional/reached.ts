import { WAIT_MS } from "./agent_fixture.ts";

/** Asks until there is an answer. @throws when it takes too long */
export async function reached<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const endsAt = performance.now() + WAIT_MS;
  while (true) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > endsAt) throw new Error(`Waited ${WAIT_MS} ms for ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

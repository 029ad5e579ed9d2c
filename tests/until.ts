const BOUND_MS = 30_000;
const INTERVAL_MS = 2;

/** Waits until the state is there. @throws {Error} that says what was waited for, after 30 s by default */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  boundMs = BOUND_MS,
): Promise<void> {
  const deadline = performance.now() + boundMs;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`Waited ${boundMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

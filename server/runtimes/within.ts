import type { Clock } from "../../host/host.ts";

/** Waits for a promise for at most `ms` milliseconds. @throws what `late` makes, when time is up */
export async function within<Value>(
  clock: Clock,
  ms: number,
  promise: Promise<Value>,
  late: () => Error,
): Promise<Value> {
  const settled = new AbortController();
  const timer = clock.sleep(ms, settled.signal).then(() => {
    throw late();
  });
  // Once the race is over the timer's rejection has no reader.
  timer.catch(() => {});
  try {
    return await Promise.race([promise, timer]);
  } finally {
    settled.abort();
  }
}

/** Whether a promise is fulfilled within `ms` milliseconds; one that is rejected is not. */
export async function isWithin(
  clock: Clock,
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  return await within(clock, ms, promise, () => new Error("late")).then(() => true, () => false);
}

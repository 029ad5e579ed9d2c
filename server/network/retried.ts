/** Times that an undo step is tried: nothing comes after it that could put things right. */
const UNDO_ATTEMPTS_MAX = 3;

/** Runs an idempotent undo step again when it fails. @throws what the last attempt threw */
export async function retried<Result>(step: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1;; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (attempt === UNDO_ATTEMPTS_MAX) throw error;
    }
  }
}

/** What was thrown, as a member of a log line. */
export interface ErrorChain {
  readonly name: string;
  readonly message: string;
  readonly cause?: ErrorChain;
}

/** Causes that are followed at most; a cause can be its own. */
const CAUSES_MAX = 8;

/** An error with its causes, for the operator who reads the log. */
export function errorChain(error: unknown, causesLeft = CAUSES_MAX): ErrorChain {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const { name, message, cause } = error;
  if (cause === undefined || causesLeft === 0) return { name, message };
  return { name, message, cause: errorChain(cause, causesLeft - 1) };
}

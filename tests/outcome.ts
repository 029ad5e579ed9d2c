/** How many tests of a group passed and failed. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Reads the last summary line of `deno test` (`ok | 3 passed (1 step) | 0 failed | …`). A run that
 * ended badly without naming a failure, or without any summary, counts as one.
 */
export function outcomeOf(text: string, exitCode: number): Outcome {
  const summaries = [
    ...text.matchAll(/^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm),
  ];
  const last = summaries.at(-1);
  const passed = Number(last?.[1] ?? 0);
  const failed = Number(last?.[2] ?? 0);
  const unnamed = failed === 0 && (exitCode !== 0 || last === undefined);
  return { passed, failed: unnamed ? 1 : failed };
}

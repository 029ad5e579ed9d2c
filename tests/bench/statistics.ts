/** Figures out of samples. */

/** The p-th percentile, nearest rank; `p` from 0 to 100. */
export function percentile(samples: readonly number[], p: number): number {
  if (samples.length === 0) throw new RangeError("No samples");
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p / 100 * sorted.length) - 1)] as number;
}

/** The middle sample, or the mean of the middle two. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new RangeError("No samples");
  return (low + high) / 2;
}

/** Smallest and largest sample with the unit, for the reader to see the noise. */
export function spread(samples: readonly number[], unit: string, digits = 1): string {
  const [low, high] = [Math.min(...samples), Math.max(...samples)];
  return `${low.toFixed(digits)}–${high.toFixed(digits)} ${unit}`;
}

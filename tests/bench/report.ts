/** One comparison of two things that were measured in one run. */
export interface Comparison {
  readonly name: string;
  /** What Viper did. */
  readonly subject: string;
  /** What it is held against. */
  readonly yardstick: string;
  readonly ratio: number;
  /** The ratio that is aimed at; left out where there is no promise. */
  readonly target?: { readonly atMost: number };
}

/** A comparison as lines for people. */
export function formatted({ name, subject, yardstick, ratio, target }: Comparison): string {
  const verdict = target === undefined
    ? ""
    : `  target ≤ ${target.atMost}: ${ratio <= target.atMost ? "met" : "MISSED"}`;
  return `${name}\n    ${subject}\n    ${yardstick}\n    ratio ${ratio.toFixed(2)}${verdict}\n`;
}

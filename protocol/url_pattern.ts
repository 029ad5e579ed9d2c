/** Naming URLs by a pattern. */
import * as z from "zod";

/** Characters of a pattern. */
export const PATTERN_LENGTH_MAX = 2_000;

const glob = z.string().min(1).max(PATTERN_LENGTH_MAX).optional()
  .describe("URLs that fit this as a whole; * stands for any characters");

const regex = z.string().min(1).max(PATTERN_LENGTH_MAX).refine(compiles, {
  message: "it is no regular expression of JavaScript's",
}).optional().describe("URLs of which some part fits this regular expression of JavaScript's");

/** The members of an input that name URLs by a pattern; not more than one is given. */
export const urlPatternFields = { glob, regex } as const;

/** A pattern, once it is validated. */
export type UrlPattern = {
  readonly [Key in keyof typeof urlPatternFields]?: string | undefined;
};

/** The source of a regular expression that fits where the pattern does; `null` without one. */
export function patternSource({ glob, regex }: UrlPattern): string | null {
  if (glob === undefined) return regex ?? null;
  const parts = glob.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return `^${parts.join("[^]*")}$`;
}

function compiles(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

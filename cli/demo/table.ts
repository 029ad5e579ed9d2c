import { type FinishedStep, seconds } from "../progress.ts";

/** The phases with their times, and the sum. */
export function phasesTable(steps: readonly FinishedStep[]): string {
  const width = Math.max(...steps.map(({ name }) => name.length), "total".length) + 2;
  const line = (name: string, ms: number) => `${name.padEnd(width)}${seconds(ms)}\n`;
  const rule = `${"-".repeat(width + 8)}\n`;
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  return "\n" + line("phase", 0).replace(/ +0\.0 s/, "    time") + rule +
    steps.map(({ name, ms }) => line(name, ms)).join("") + rule + line("total", total);
}

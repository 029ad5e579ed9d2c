/**
 * Reads Prometheus's text format, version 0.0.4, and refuses what a lenient reader would forgive.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** All samples of one figure. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** By the name and its labels, such as `a_total{b="c"}`, as they stand. */
  readonly samples: Map<string, Sample>;
}

/** One line with a value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const VALUE = "[+-]?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf|NaN)";
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (${VALUE})$`);
/** What may follow a family's name in the names of its samples. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
};

/** Families by name. @throws {Error} that quotes the line that breaks a rule */
export function readPrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("The last line does not end");
  const families = new Map<string, Family>();
  let help: [string, string] | null = null;
  let current: [string, Family] | null = null;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = "", rest = ""] = comment;
      if (kind === "HELP") help = [name, rest];
      else current = [name, openFamily(families, name, rest, help)];
      continue;
    }
    if (current === null) throw new Error(`A sample without a type: ${line}`);
    addSample(current, line);
  }
  for (const [name, family] of families) {
    if (family.type === "histogram") checkHistogram(name, family);
  }
  return families;
}

/** The value of one sample, such as `a_total{b="c"}`. @throws {Error} when there is none */
export function valueOf(families: ReadonlyMap<string, Family>, key: string): number {
  for (const { samples } of families.values()) {
    const found = samples.get(key);
    if (found !== undefined) return found.value;
  }
  throw new Error(`There is no sample ${key}`);
}

/** Every series there is, without its value. */
export function seriesOf(families: ReadonlyMap<string, Family>): string[] {
  return [...families.values()].flatMap(({ samples }) => [...samples.keys()]).sort();
}

function openFamily(
  families: Map<string, Family>,
  name: string,
  type: string,
  help: [string, string] | null,
): Family {
  if (families.has(name)) throw new Error(`Figure ${name} comes twice`);
  if (help?.[0] !== name) throw new Error(`Figure ${name} has no help before its type`);
  if (!(type in SUFFIXES)) throw new Error(`Figure ${name} has the unknown type ${type}`);
  if (type === "counter" && !name.endsWith("_total")) throw new Error(`${name} lacks _total`);
  const family = { type, help: help[1], samples: new Map() };
  families.set(name, family);
  return family;
}

function addSample([family, { type, samples }]: [string, Family], line: string): void {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`Not a sample: ${line}`);
  const [, name = "", labelText = ""] = match;
  if (!SUFFIXES[type]?.some((suffix) => name === family + suffix)) {
    throw new Error(`A sample of another figure than ${family}: ${line}`);
  }
  const key = line.slice(0, line.lastIndexOf(" "));
  if (samples.has(key)) throw new Error(`A series comes twice: ${line}`);
  const labels = Object.fromEntries(
    [...labelText.matchAll(new RegExp(LABEL, "g"))].map(([, label, value]) => [label, value]),
  );
  const value = Number(line.slice(line.lastIndexOf(" ") + 1).replace("Inf", "Infinity"));
  samples.set(key, { name, labels, value });
}

/** Buckets grow up to the one without a bound, which has all. */
function checkHistogram(family: string, { samples }: Family): void {
  const groups = new Map<string, { le: number; value: number }[]>();
  const counts = new Map<string, number>();
  for (const { name, labels: { le, ...labels }, value } of samples.values()) {
    const key = JSON.stringify(labels);
    if (name === `${family}_count`) counts.set(key, value);
    if (name !== `${family}_bucket`) continue;
    if (le === undefined) throw new Error(`A bucket of ${family} has no bound`);
    groups.set(key, [...groups.get(key) ?? [], {
      le: Number(le.replace("Inf", "Infinity")),
      value,
    }]);
  }
  for (const [key, buckets] of groups) {
    const isGrowing = buckets.every(({ le, value }, at) =>
      at === 0 || le > buckets[at - 1]!.le && value >= buckets[at - 1]!.value
    );
    if (!isGrowing) throw new Error(`The buckets of ${family} ${key} do not grow`);
    const last = buckets.at(-1)!;
    if (last.le !== Infinity || last.value !== counts.get(key)) {
      throw new Error(`The last bucket of ${family} ${key} does not have all`);
    }
  }
}

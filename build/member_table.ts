/** Tables of the members of an operation's input and answer, out of their JSON schemas. */
import * as z from "zod";
import type { Operation } from "../protocol/operation.ts";

interface Property {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Property[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: Property;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Property>>;
}

/** What JSON schemas say of integers that have no bound. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** A row per member of the input, those inside others too; empty for an input without any. */
export function inputTable({ input }: Operation): string {
  const rows = rowsOf(
    z.toJSONSchema(input, { io: "input" }) as Property,
    "",
    (member, isRequired) => {
      if (isRequired) return "required";
      return member.default === undefined ? "" : code(wordOf(member.default));
    },
  );
  return table(["member", "type", "default", "meaning"], rows);
}

/**
 * A row per member of the answer, or of one in its list; empty where it is no JSON or only tells
 * that all is well.
 */
export function answerTable({ output, stream }: Operation): string {
  if (stream !== undefined || output instanceof z.ZodVoid) return "";
  const schema = z.toJSONSchema(output, { io: "output" }) as Property;
  const isWord = Object.values(schema.properties ?? {})
    .every((member) => member.const !== undefined);
  if (schema.type === "object" && isWord) return "";
  const rows = rowsOf(
    schema.items ?? schema,
    "",
    (_member, isRequired) => isRequired ? "" : "optional",
    schema,
  );
  return table(["answer", "type", "", "meaning"], rows);
}

/** What stands in the third column, beside name, type and meaning. */
type Third = (member: Property, isRequired: boolean) => string;

/** The rows of all that is inside a schema, whose own name is `path`; `root` has its definitions. */
function rowsOf(reference: Property, path: string, third: Third, root = reference): string[][] {
  const [schema, rest] = resolved(reference, root);
  if (schema.items !== undefined) return rowsOf(schema.items, `${path}[]`, third, rest);
  const choices = [schema, ...schema.anyOf ?? []];
  const { properties = {}, required = [] } = choices.find((choice) => choice.properties) ?? {};
  return Object.entries(properties).flatMap(([name, member]) => {
    const own = path === "" ? name : `${path}.${name}`;
    const row = [
      code(own),
      typeOf(member),
      third(member, required.includes(name)),
      member.description ?? "",
    ];
    return [row, ...rowsOf(member, own, third, rest)];
  });
}

/** What a reference names, and where to look further: what holds itself is told once. */
function resolved(member: Property, root: Property): [schema: Property, rest: Property] {
  const name = member.$ref?.replace("#/$defs/", "");
  if (name === undefined) return [member, root];
  const { [name]: named = {}, ...others } = root.$defs ?? {};
  return [named, { ...root, $defs: others }];
}

function typeOf({ type, anyOf, enum: words, const: word, ...rest }: Property): string {
  if (anyOf !== undefined) return anyOf.map(typeOf).join(", or ");
  if (word !== undefined) return code(wordOf(word));
  if (words !== undefined) return words.map(code).join(", ");
  const name = typeof type === "object" ? type.join(", or ") : type ?? "any";
  return [name, limits(rest)].filter(Boolean).join(", ");
}

function limits({ minimum, maximum, maxLength, maxItems }: Property): string {
  const from = minimum === undefined || minimum <= -UNBOUNDED ? undefined : minimum;
  const to = maximum === undefined || maximum >= UNBOUNDED ? undefined : maximum;
  if (to !== undefined) return from === undefined ? `up to ${to}` : `${from} to ${to}`;
  if (from !== undefined) return `from ${from}`;
  if (maxItems !== undefined) return `up to ${maxItems}`;
  return maxLength === undefined ? "" : `up to ${maxLength} characters`;
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("*", "\\*")).join(" | ")} |`;
  return [line(head), line(head.map(() => "-")), ...rows.map(line), ""].join("\n");
}

/** What the help says of a flag or an argument, out of the member that it sets. */
import { TARGET_MARK } from "../protocol/target.ts";
import type { Property } from "./flag_value.ts";
import { TARGET_HELP } from "./target_argument.ts";

/** What a member is, and how it is typed where that is not as a plain value. */
export function argumentHelp(property: Property): string {
  if (property[TARGET_MARK] === true) return `${property.description}: ${TARGET_HELP}`;
  const kind = placeholder(property);
  return kind === "value" ? memberHelp(property) : `${memberHelp(property)}, as ${kind}`;
}

/** What a member is, and what it takes: words, members of its own, or a range. */
function memberHelp(property: Property): string {
  const { description = "", anyOf = [] } = property;
  const taken = [property, ...anyOf].map(valuesOf).find((values) => values !== "");
  return [description, taken && `(${taken})`].filter(Boolean).join(" ");
}

/** The same, and what stands for a flag that is left out; one that only turns on is off then. */
export function flagHelp(property: Property): string {
  const initial = property.default;
  const isTold = initial !== undefined && initial !== false && !isEmpty(initial);
  return isTold ? `${memberHelp(property)} [${defaultText(initial)}]` : memberHelp(property);
}

/** What kind of value a flag takes. */
export function placeholder({ type, anyOf = [] }: Property): string {
  const kinds = type === undefined ? anyOf.map((choice) => choice.type) : [type];
  if (kinds.includes("object")) return "key=value,…|json|@file";
  if (kinds.includes("array")) return "list|json|@file";
  return "value";
}

function valuesOf(property: Property): string {
  const { enum: words, properties = {} } = property;
  return (words ?? Object.keys(properties)).join(", ") || range(property);
}

/** Of a number; integers without bounds have those that JavaScript has. */
function range({ minimum, maximum }: Property): string {
  return maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER
    ? ""
    : `${minimum ?? "up"} to ${maximum}`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function defaultText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

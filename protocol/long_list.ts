/**
 * Lists and records that may be so long that only the first thing wrong with them is told, and
 * nothing behind it is looked at. What a guest or a stranger's file holds can be wrong millions of
 * times: to collect that would take minutes and all memory.
 *
 * @module
 */
import * as z from "zod";

type Issue = { readonly path: PropertyKey[]; readonly message: string };

/** A list of at most `max` items. The item's schema has no defaults: what is given is what is had. */
export function longList<Item extends z.ZodType>(item: Item, max: number): z.ZodArray<Item> {
  const list = z.array(z.unknown()).max(max).superRefine((given, context) => {
    const wrong = given.length <= max && firstWrong(item, given.entries());
    if (wrong) context.addIssue({ code: "custom", ...wrong });
  }).meta({
    // Only when somebody asks, since it takes longer than the rest of a start.
    get items() {
      return z.toJSONSchema(item, { io: "input" });
    },
  });
  return list as unknown as z.ZodArray<Item>;
}

/** A record of texts by any key, of at most `max` members. */
export function longRecord(max: number): z.ZodRecord<z.ZodString, z.ZodString> {
  const record = z.record(z.string(), z.unknown()).superRefine((given, context) => {
    const members = Object.entries(given);
    const wrong: Issue | null = members.length > max
      ? { path: [], message: "there are too many items" }
      : firstWrong(z.string(), members);
    if (wrong !== null) context.addIssue({ code: "custom", ...wrong });
  }).meta({ additionalProperties: { type: "string" } });
  return record as unknown as z.ZodRecord<z.ZodString, z.ZodString>;
}

function firstWrong(
  item: z.ZodType,
  members: Iterable<readonly [number | string, unknown]>,
): Issue | null {
  for (const [key, given] of members) {
    const issue = item.safeParse(given).error?.issues[0];
    if (issue !== undefined) return { path: [key, ...issue.path], message: issue.message };
  }
  return null;
}

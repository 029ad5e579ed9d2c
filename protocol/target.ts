/** Naming one element of a page: by CSS selector, snapshot reference, text, or role and name. */
import * as z from "zod";
import { actionFields, PAGE_ERRORS, SELECTOR_LENGTH_MAX } from "./browser.ts";

/** Characters of a text or name that an element is looked for by. */
export const NAME_LENGTH_MAX = 1_000;

/** The members of an input that name an element; exactly one of the first four is given. */
export const targetFields = {
  selector: z.string().min(1).max(SELECTOR_LENGTH_MAX).optional()
    .describe("CSS selector of the element; open shadow roots and frames are searched, too"),
  ref: z.string().regex(/^e[1-9]\d{0,8}$/, "a reference is e and a number, such as e12").optional()
    .describe("Reference of the element in a snapshot, such as e12"),
  text: z.string().min(1).max(NAME_LENGTH_MAX).optional()
    .describe("Text that the element shows, or a part of it"),
  role: z.string().regex(/^[A-Za-z]{1,64}$/, "a role is one word, such as button").optional()
    .describe("ARIA role of the element, such as button"),
  role_name: z.string().min(1).max(NAME_LENGTH_MAX).optional()
    .describe("With a role: the element's accessible name, or a part of it"),
} as const;

/** What names an element, once it is validated. */
export type Target = {
  readonly [Key in keyof typeof targetFields]?: string | undefined;
};

/** Marks inputs and members whose element has to be named, in their JSON schema. */
export const TARGET_MARK = "x-target";

const WAYS = ["selector", "ref", "text", "role"] as const;

/** What can stand against finding an element. */
export const TARGET_ERRORS = [
  "element_not_found",
  "ref_not_found",
  "selector_invalid",
  "dialog_open",
  ...PAGE_ERRORS,
] as const;

/** Whether an element is named at all. */
export function namesElement(target: Target): boolean {
  return WAYS.some((way) => target[way] !== undefined);
}

function isOneTarget(target: Target, waysMin: number): boolean {
  const ways = WAYS.filter((way) => target[way] !== undefined).length;
  return ways >= waysMin && ways <= 1 &&
    (target.role_name === undefined || target.role !== undefined);
}

/** The input of an action on one element; the others of its members are in `shape`. */
export function targeted<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ ...targetFields, ...shape, ...actionFields })
    .refine((input) => isOneTarget(input as Target, 1), {
      path: ["selector"],
      message: "name the element by one of selector, ref, text, and role with or without role_name",
    })
    .meta({ [TARGET_MARK]: true });
}

/** Another element that an action needs, as a member of its input. */
export const oneTarget = z.strictObject({ ...targetFields })
  .refine((target) => isOneTarget(target as Target, 1), {
    message: "name the element by one of selector, ref, text, and role with or without role_name",
  })
  .meta({ [TARGET_MARK]: true });

/** The same for an action that may be on an element, and else is on the whole page. */
export function maybeTargeted<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ ...targetFields, ...shape, ...actionFields })
    .refine((input) => isOneTarget(input as Target, 0), {
      path: ["selector"],
      message: "name the element by one of selector, ref, text, and role with or without role_name",
    });
}

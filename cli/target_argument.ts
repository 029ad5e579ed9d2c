/** An element on the command line: `#pay`, `text=Pay now`, `role=button Pay now` or `ref=e12`. */
import type { Target } from "../protocol/target.ts";

/** What the argument may be, for the help. */
export const TARGET_HELP = "CSS, text=TEXT, role=ROLE [NAME] or ref=REF";

/** The members that name the element; no CSS begins with a word and an equals sign. */
export function parseTarget(argument: string): Target {
  const [, way, rest = ""] = /^(text|role|ref)=(.*)$/s.exec(argument) ?? [];
  if (way === "text") return { text: rest };
  if (way === "ref") return { ref: rest };
  if (way === undefined) return { selector: argument };
  const [role = "", ...name] = rest.trim().split(/\s+/);
  return name.length === 0 ? { role } : { role, role_name: name.join(" ") };
}

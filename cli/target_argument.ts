/** An element on the command line: `#pay`, `text=Pay now`, `role=button Pay now` or `e12`. */
import type { Target } from "../protocol/target.ts";

/** What the argument may be, for the help. */
export const TARGET_HELP = "CSS, text=TEXT, role=ROLE [NAME], or a snapshot's reference";

/** As snapshots print them. HTML has no element of such a name, so no CSS looks like it. */
const REF = /^e[1-9]\d*$/;

/** The members that name the element; no CSS begins with a word and an equals sign. */
export function parseTarget(argument: string): Target {
  if (REF.test(argument)) return { ref: argument };
  const [, way, rest = ""] = /^(text|role|ref)=(.*)$/s.exec(argument) ?? [];
  if (way === "text") return { text: rest };
  if (way === "ref") return { ref: rest };
  if (way === undefined) return { selector: argument };
  const [role = "", ...name] = rest.trim().split(/\s+/);
  return name.length === 0 ? { role } : { role, role_name: name.join(" ") };
}

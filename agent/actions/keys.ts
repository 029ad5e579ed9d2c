/** Keys, as people and programs name them. */
import type { KeyInput } from "puppeteer-core";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";

/** Other names of keys that are in use. */
const ALIASES: Readonly<Record<string, string>> = {
  ctrl: "Control",
  controlormeta: "Control",
  cmd: "Meta",
  command: "Meta",
  option: "Alt",
  esc: "Escape",
  return: "Enter",
  del: "Delete",
  up: "ArrowUp",
  down: "ArrowDown",
  left: "ArrowLeft",
  right: "ArrowRight",
  space: " ",
};

const WAITING_FOR = "the page to take the keys";

/** Holds keys down while something is done. */
export async function withKeysHeld<T>(
  keys: readonly string[],
  { page, deadline }: ActionContext,
  act: () => Promise<T>,
): Promise<T> {
  const held: KeyInput[] = [];
  try {
    for (const key of keys) {
      await deadline.race(WAITING_FOR, page.keyboard.down(key as KeyInput));
      held.push(key as KeyInput);
    }
    return await act();
  } finally {
    // Also when time is up: a key that stays down would change every action after this one.
    for (const key of held.reverse()) page.keyboard.up(key).catch(() => {});
  }
}

/** Presses a key, or the last of a chord while the others are held. */
export async function pressChord(chord: string, context: ActionContext): Promise<void> {
  const { page, deadline } = context;
  const keys = keysOf(chord);
  const last = keys.pop() ?? "";
  // With Shift a letter is its capital, for which Chrome wants the capital's name.
  const key = keys.includes("Shift") && last.length === 1 ? last.toUpperCase() : last;
  const unknown = (error: unknown) => {
    const message = error instanceof Error ? error.message : "";
    if (!message.startsWith("Unknown key")) return error;
    return new ViperError(
      "key_unknown",
      `Cannot ${deadline.action}: ${message.replace(/^U/, "u")}`,
    );
  };
  try {
    await withKeysHeld(
      keys,
      context,
      () => deadline.race(WAITING_FOR, pressed(page, key as KeyInput, keys)),
    );
  } catch (error) {
    throw unknown(error);
  }
}

/** Chrome does what a shortcut of an editor means only when it is named. */
const EDITING: Readonly<Record<string, string>> = {
  "Control+a": "selectAll",
  "Control+c": "copy",
  "Control+x": "cut",
  "Control+v": "paste",
  "Control+z": "undo",
  "Control+y": "redo",
};

async function pressed(
  page: ActionContext["page"],
  key: KeyInput,
  held: readonly string[],
): Promise<void> {
  const command = EDITING[[...held, key.toLowerCase()].join("+")];
  await page.keyboard.press(key, command === undefined ? {} : { commands: [command] });
}

/** The keys of a chord by their usual names; + itself is a key, too. */
function keysOf(chord: string): string[] {
  const keys = chord.split(/(?<=[^+])\+/);
  return keys.map((key) => ALIASES[key.toLowerCase()] ?? key);
}

/**
 * Cloud Hypervisor's event monitor: JSON objects, one behind the other and each over many lines.
 *
 * @module
 */

/** Characters that one event may have; real ones have some 200. */
const EVENT_LENGTH_MAX = 16 * 1024;

/** Something that happened: `vm` `booted`, `guest` `panic`, `virtio-device` `activated`. */
export interface CloudHypervisorEvent {
  readonly source: string;
  readonly event: string;
  readonly properties: Readonly<Record<string, string>> | null;
}

/**
 * Cuts a stream of text into events, however the stream is cut itself. What is not an event is
 * skipped, and no more is kept than one event may have.
 */
export class EventParser {
  #text = "";
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** The events that end within `text`. */
  push(text: string): CloudHypervisorEvent[] {
    const events: CloudHypervisorEvent[] = [];
    for (const character of text) {
      if (!this.#take(character)) continue;
      const event = parsed(this.#text);
      if (event !== null) events.push(event);
      this.#reset();
    }
    return events;
  }

  /** Whether the character is the last one of an object. */
  #take(character: string): boolean {
    if (this.#depth === 0 && character !== "{") return false;
    this.#text += character;
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === "\\") this.#isEscaped = this.#isInString;
    else if (character === '"') this.#isInString = !this.#isInString;
    else if (!this.#isInString && character === "{") this.#depth++;
    else if (!this.#isInString && character === "}") this.#depth--;
    if (this.#text.length > EVENT_LENGTH_MAX) this.#reset();
    return this.#depth === 0 && this.#text !== "";
  }

  #reset(): void {
    this.#text = "";
    this.#depth = 0;
    this.#isInString = false;
    this.#isEscaped = false;
  }
}

/** `null` when it is no event. */
function parsed(text: string): CloudHypervisorEvent | null {
  try {
    const { source, event, properties } = JSON.parse(text);
    if (typeof source !== "string" || typeof event !== "string") return null;
    return { source, event, properties: properties ?? null };
  } catch {
    return null;
  }
}

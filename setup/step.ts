/**
 * A step of setting up a host: one change that knows whether it is needed, how to make it, and how
 * to take it back. What it changes and what was there before are JSON, so that a later `viper
 * setup --undo` needs the record alone and not the flags of the setup.
 *
 * @module
 */
import type * as z from "zod";
import type { Host } from "../host/host.ts";

/** What `--undo` is asked to remove beyond what it takes back by itself. */
export interface UndoOptions {
  /** Packages that setup installed. */
  readonly packages: boolean;
  /** What Viper keeps in the folders that setup made: database, images, logs. */
  readonly data: boolean;
}

/** Something of Viper's that stays, and how to remove it. */
export interface Kept {
  readonly what: string;
  readonly hint: string;
}

/** A kind of change. `What` says what is wanted, `Before` what undo needs to know; both are JSON. */
export interface Kind<What, Before> {
  /** Its name in the record. */
  readonly name: string;
  readonly what: z.ZodType<What>;
  readonly before: z.ZodType<Before>;
  /** For people; and the same title means the same thing of the host, whatever is wanted of it. */
  title(what: What): string;
  /** Looks without touching. `null` when all is as wanted. @throws when it cannot be made so */
  look(host: Host, what: What): Promise<Before | null>;
  apply(host: Host, what: What, before: Before): Promise<void>;
  /**
   * Puts back what was there. Idempotent, also after an `apply` that failed halfway; `null` when
   * nothing is left.
   */
  undo(host: Host, what: What, before: Before, options: UndoOptions): Promise<Kept | null>;
}

/** One change of this host. */
export interface Step {
  readonly kind: string;
  readonly what: unknown;
  readonly title: string;
  /** `null` when all is as wanted, else what was there before. */
  look(host: Host): Promise<unknown>;
  apply(host: Host, before: unknown): Promise<void>;
  undo(host: Host, before: unknown, options: UndoOptions): Promise<Kept | null>;
}

/** A step of the kind. */
export function stepOf<What, Before>(kind: Kind<What, Before>, what: What): Step {
  return {
    kind: kind.name,
    what,
    title: kind.title(what),
    look: (host) => kind.look(host, what),
    apply: (host, before) => kind.apply(host, what, kind.before.parse(before)),
    undo: (host, before, options) => kind.undo(host, what, kind.before.parse(before), options),
  };
}

/** A reader of recorded steps of the kind. */
export function recorded<What, Before>(kind: Kind<What, Before>): (what: unknown) => Step {
  return (what) => stepOf(kind, kind.what.parse(what));
}

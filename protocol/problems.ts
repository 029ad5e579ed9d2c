/**
 * What goes wrong, as an error and as an answer. A problem has three readers: a program (`code`), a
 * person (`detail`, `hint`) and an operator (the `cause` chain, in the log).
 *
 * Media type and members: RFC 9457. The member `error` repeats the detail for older clients.
 *
 * @module
 */
import * as z from "zod";
import { type ProblemCode, type ProblemKind, PROBLEMS } from "./problem_codes.ts";

/** One member of the request that is wrong. */
export const problemPart = z.object({
  /** JSON pointer (RFC 6901) into the request body, or the parameter's name. */
  pointer: z.string(),
  detail: z.string(),
});

/** The body of every error answer. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  hint: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(problemPart).optional(),
  /** The detail again, for clients of earlier versions. */
  error: z.string(),
});

/** The body of every error answer. */
export type Problem = z.infer<typeof problem>;

/** Extra members of a {@linkcode ViperError}. */
export interface ViperErrorOptions extends ErrorOptions {
  readonly hint?: string;
  readonly errors?: readonly z.infer<typeof problemPart>[];
  /** When to try again, in seconds from now: the header `Retry-After` (RFC 9110, 10.2.3). */
  readonly retryAfterSeconds?: number;
  /** Sent with the answer, beside the body. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The only error that leaves a module. Its message states the action, quotes the value and has
 * no full stop: `Cannot create VM "a": the name is taken`.
 */
export class ViperError extends Error {
  override readonly name = "ViperError";
  readonly hint: string | undefined;
  readonly errors: readonly z.infer<typeof problemPart>[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(readonly code: ProblemCode, message: string, options: ViperErrorOptions = {}) {
    super(message, options);
    const kind: ProblemKind = PROBLEMS[code];
    this.hint = options.hint ?? kind.hint;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers ?? {};
  }

  /** The HTTP status that fits. */
  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /** As a body; `instance` names the request. */
  toProblem(instance?: string): Problem {
    return {
      type: `urn:viper:problem:${this.code}`,
      title: PROBLEMS[this.code].title,
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(instance === undefined ? {} : { instance }),
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
      error: this.message,
    };
  }

  /** A problem body read back into an error; `null` when it is not one. */
  static fromProblem(body: unknown): ViperError | null {
    const parsed = problem.safeParse(body);
    if (!parsed.success) return null;
    const { code, detail, hint, errors } = parsed.data;
    const known = Object.hasOwn(PROBLEMS, code) ? code as ProblemCode : "internal";
    return new ViperError(known, detail, {
      ...(hint === undefined ? {} : { hint }),
      ...(errors === undefined ? {} : { errors }),
    });
  }
}

/** Any thrown value as a {@linkcode ViperError}; what is not one becomes `internal`. */
export function toViperError(error: unknown): ViperError {
  if (error instanceof ViperError) return error;
  return new ViperError("internal", "The request failed inside Viper; the log has the cause", {
    cause: error,
  });
}

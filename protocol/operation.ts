/**
 * One definition, many views: an operation's name, input, output, errors and HTTP route stand
 * here once. REST routes, the typed client and every later view derive from the list.
 *
 * @module
 */
import type * as z from "zod";
import type { ProblemCode } from "./problem_codes.ts";
import type { Role } from "./roles.ts";

/** Where an operation is met over HTTP. */
export interface HttpBinding {
  readonly method: "GET" | "POST" | "DELETE";
  /** Parameters in braces are members of the input: `/api/v1/vms/{name}`. */
  readonly path: string;
  /** The status of success; 204 answers with no body. */
  readonly status: 200 | 201 | 204;
}

/** Bytes that an answer is about: its JSON holds them, and who asks for their type gets them alone. */
export interface BytesView {
  /** The member of the output that holds them. */
  readonly member: string;
  /** How it holds them. @default "base64" */
  readonly encoding?: "base64" | "text";
  /** Their media type, or that of each word that the members `format` of input and output know. */
  readonly mediaType: string | Readonly<Record<string, string>>;
}

/** Everything there is to say about one operation. */
export interface Operation<
  Name extends string = string,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
> {
  /** Noun and verb: `vms.create`, `browser.navigate`. */
  readonly name: Name;
  /** One sentence for people and for models. */
  readonly summary: string;
  readonly http: HttpBinding;
  readonly input: Input;
  readonly output: Output;
  /** Problems this operation can answer with, beside those that any request can meet. */
  readonly errors: readonly ProblemCode[];
  /** Left out: the answer is JSON, whatever the client accepts. */
  readonly bytes?: BytesView | undefined;
  /**
   * Set where the answer is a file of this media type as it streams, and never JSON: handlers and
   * clients then have it as a `Response`.
   */
  readonly stream?: string;
  /** What a caller of the daemon must at least be; see {@linkcode roleOf}. */
  readonly role?: Role;
  /** Bytes of a request's body. @default BODY_LIMIT_BYTES */
  readonly bodyBytesMax?: number;
}

/** The role that an operation needs: to read takes a viewer, to change an operator. */
export function roleOf({ role, http }: Pick<Operation, "role" | "http">): Role {
  return role ?? (http.method === "GET" ? "viewer" : "operator");
}

/** Declares an operation. */
export function operation<
  const Name extends string,
  Input extends z.ZodObject,
  Output extends z.ZodType,
>(definition: Operation<Name, Input, Output>): Operation<Name, Input, Output> {
  return definition;
}

/** What a caller passes: defaults may be left out. */
export type InputOf<Op extends Operation> = z.input<Op["input"]>;
/** What a handler receives: validated, with defaults filled in. */
export type ParsedOf<Op extends Operation> = z.output<Op["input"]>;
/** What an operation answers with. */
export type OutputOf<Op extends Operation> = z.output<Op["output"]>;

/** A value per operation of a list, by name. */
export type Handlers<Ops extends Record<string, Operation>, Context> = {
  readonly [Key in keyof Ops]: (
    input: ParsedOf<Ops[Key]>,
    context: Context,
  ) => Promise<OutputOf<Ops[Key]>>;
};

/** A function per operation of a list, by name. */
export type Client<Ops extends Record<string, Operation>> = {
  readonly [Key in keyof Ops]: (
    input: InputOf<Ops[Key]>,
    options?: { readonly signal?: AbortSignal },
  ) => Promise<OutputOf<Ops[Key]>>;
};

/** The names in a path's braces, in their order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
}

import * as z from "zod";
import { type Operation, pathParameters } from "../../protocol/operation.ts";
import * as lists from "../../protocol/operations.ts";
import { PROBLEMS } from "../../protocol/problem_codes.ts";
import { assertNone } from "./project.ts";

/** Every operation of every list that protocol/operations.ts exports. */
const OPERATIONS: readonly Operation[] = Object.values(lists)
  .filter((list) => typeof list === "object")
  .flatMap((list) => Object.values(list));

/** Paths are apart by who serves them: the daemon's and the agent's may be the same. */
const LISTS: readonly (readonly Operation[])[] = [
  [
    ...Object.values(lists.vmOperations),
    ...Object.values(lists.systemOperations),
    ...Object.values(lists.logOperations),
    ...Object.values(lists.quickOperations),
    ...Object.values(lists.keyOperations),
    ...Object.values(lists.profileOperations),
    ...Object.values(lists.ticketOperations),
    ...Object.values(lists.auditOperations),
  ],
  Object.values({ ...lists.browserOperations, ...lists.agentOperations }),
  Object.values(lists.guestOperations),
];

/** Characters that a member is described in: some four lines beside a flag of a command. */
const DESCRIPTION_LENGTH_MAX = 160;

type Schema = z.core.JSONSchema.JSONSchema;

/** Each member of a schema, those inside others too, and what it is described as. */
function described(schema: Schema, path: string): [path: string, text: string | undefined][] {
  const { properties = {}, items, anyOf = [] } = schema;
  const inside = Object.entries(properties).flatMap(([name, member]) => {
    const own = `${path}.${name}`;
    const { description } = member as Schema;
    return [
      [own, description] as [string, string | undefined],
      ...described(member as Schema, own),
    ];
  });
  const others = [...anyOf, ...typeof items === "object" ? [items] : []] as Schema[];
  return [...inside, ...others.flatMap((other) => described(other, path))];
}

function repeated(values: readonly string[]): string[] {
  return values.filter((value, at) => values.indexOf(value) !== at);
}

Deno.test("operations have a name, noun and verb, of their own", () => {
  const names = OPERATIONS.map((operation) => operation.name);
  assertNone(repeated(names));
  assertNone(names.filter((name) => !/^[a-z]+\.[a-z_]+$/.test(name)));
});

Deno.test("operations have a method and path of their own on each server", () => {
  for (const list of LISTS) {
    assertNone(repeated(list.map(({ http }) => `${http.method} ${http.path}`)));
  }
});

Deno.test("operations are all in a list that some server serves", () => {
  const served = new Set(LISTS.flat());
  assertNone(OPERATIONS.filter((operation) => !served.has(operation)).map(({ name }) => name));
});

Deno.test("operations take their path parameters from the input", () => {
  assertNone(OPERATIONS.flatMap(({ name, http, input }) =>
    pathParameters(http.path)
      .filter((parameter) => !(parameter in input.shape))
      .map((parameter) => `${name}: {${parameter}} is not a member of the input`)
  ));
});

Deno.test("operations name errors that exist, each once", () => {
  assertNone(OPERATIONS.flatMap(({ name, errors }) => [
    ...errors.filter((code) => !(code in PROBLEMS)).map((code) => `${name}: no problem "${code}"`),
    ...repeated(errors).map((code) => `${name}: "${code}" twice`),
  ]));
});

Deno.test("operations answer 204 when they answer nothing, and only then", () => {
  assertNone(
    OPERATIONS
      .filter(({ http, output }) => (http.status === 204) !== (output instanceof z.ZodVoid))
      .map(({ name, http }) => `${name}: status ${http.status}`),
  );
});

Deno.test("operations say what they do in one sentence with no full stop", () => {
  assertNone(
    OPERATIONS
      .filter(({ summary }) => !/^[A-Z].*[^.]$/.test(summary))
      .map(({ name, summary }) => `${name}: "${summary}"`),
  );
});

Deno.test("operations describe each member of their inputs, and in one form", () => {
  assertNone(OPERATIONS.flatMap(({ name, input, output, stream }) => {
    const inputs = described(z.toJSONSchema(input, { io: "input" }), name);
    const outputs = stream === undefined
      ? described(
        z.toJSONSchema(output, { io: "output", unrepresentable: "any" }),
        `${name} answers`,
      )
      : [];
    return [
      ...inputs.filter(([, text]) => !text).map(([path]) => `${path}: end it with .describe("…")`),
      ...[...inputs, ...outputs]
        .filter(([, text = ""]) => text.length > DESCRIPTION_LENGTH_MAX || /\.$/.test(text))
        .map(([path, text]) =>
          `${path}: up to ${DESCRIPTION_LENGTH_MAX} characters with no full stop: ${text}`
        ),
    ];
  }));
});

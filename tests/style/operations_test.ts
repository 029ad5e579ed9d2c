import * as z from "zod";
import { type Operation, pathParameters } from "../../protocol/operation.ts";
import * as lists from "../../protocol/operations.ts";
import { PROBLEMS } from "../../protocol/problems.ts";
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

/** Client and server over the same list, with handlers that only remember their input. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type * as z from "zod";
import { createClient, requestOf } from "../../../protocol/http_client.ts";
import { createApp, mount } from "../../../protocol/http_server.ts";
import type { Operation } from "../../../protocol/operation.ts";
import {
  agentOperations,
  browserOperations,
  guestOperations,
  logOperations,
  quickOperations,
  systemOperations,
  vmOperations,
} from "../../../protocol/operations.ts";
import { targetFields } from "../../../protocol/target.ts";
import { type ProblemCode, PROBLEMS } from "../../../protocol/problem_codes.ts";
import { ViperError } from "../../../protocol/problems.ts";
import { vmsCreate, vmsGet, vmsWait } from "../../../protocol/vm_operations.ts";

const LISTS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  vmOperations,
  systemOperations,
  browserOperations,
  agentOperations,
  guestOperations,
  logOperations,
  quickOperations,
};

type Call = (input: unknown, options?: { signal?: AbortSignal }) => Promise<unknown>;

/** One operation, from the client's call to a handler. */
function connect(operation: Operation, handler: (input: unknown) => unknown): Call {
  const app = createApp(() => {});
  const handle = (input: unknown) => Promise.resolve(handler(input) as never);
  mount(app, { op: operation }, { op: handle }, { contextOf: () => null });
  const fetch = async (url: string, init: RequestInit) => await app.fetch(new Request(url, init));
  return createClient({ op: operation }, { fetch, baseUrl: "http://a.test" }).op as Call;
}

/** Values that a member has in the operations on downloads alone. */
function ofDownloads(member: string, values: fc.Arbitrary<unknown>) {
  const verbs = ["list", "wait", "fetch", "delete"];
  return Object.fromEntries(verbs.map((verb) => [`downloads.${verb}:${member}`, values]));
}

/** Values of the members that operations have, valid ones. */
const text = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
const MEMBERS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
  cpu_cores: fc.integer({ min: 1, max: 64 }),
  memory_mb: fc.integer({ min: 64, max: 262_144 }),
  kernel_cmdline: fc.stringMatching(/^[\x20-\x7e]{0,50}$/),
  runtime: fc.constantFrom("qemu", "local"),
  layout: fc.constantFrom("disk", "initramfs"),
  image: fc.constantFrom("current", "5fc8-disk"),
  labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.stringMatching(/^[a-z0-9]{0,9}$/)),
  label: fc.stringMatching(/^[a-z]{1,5}=[a-z]{0,5}(,[a-z]{1,5}=[a-z]{0,5})?$/),
  status: fc.constantFrom("running", "stopped", "paused"),
  ttl_ms: fc.integer({ min: 1_000, max: 604_800_000 }),
  idle_timeout_ms: fc.integer({ min: 1_000, max: 604_800_000 }),
  restart_policy: fc.constantFrom("never", "on_crash"),
  environment: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,9}$/), fc.stringMatching(/^[ -~]{0,9}$/)),
  chrome: fc.record({ locale: fc.constantFrom("de-DE", "en"), flags: fc.constant(["--a=b c"]) }, {
    requiredKeys: [],
  }),
  egress: fc.constantFrom("internet", "none", "open", ["10.0.0.0/8"], []),
  wait_ms: fc.integer({ min: 0, max: 600_000 }),
  limit: fc.integer({ min: 1, max: 1_000 }),
  after: fc.nat(),
  grace_ms: fc.integer({ min: 0, max: 120_000 }),
  timeout_ms: fc.integer({ min: 1, max: 300_000 }),
  url: text.map((rest) => `https://${rest}`),
  full_page: fc.boolean(),
  clip: fc.record({ x: fc.nat(9), y: fc.nat(9), width: fc.constant(5), height: fc.constant(5) }),
  omit_background: fc.boolean(),
  "browser.pdf:format": fc.constantFrom("a4", "letter"),
  "browser.pdf:width": fc.constantFrom("2in", "20cm"),
  "browser.pdf:height": fc.constantFrom("2in", "20cm"),
  "browser.pdf:scale": fc.constantFrom(0.5, 2),
  landscape: fc.boolean(),
  html: text,
  selectors: fc.array(text, { minLength: 1, maxLength: 3 }),
  "browser.wait_selector:state": fc.constantFrom("attached", "visible", "hidden", "detached"),
  gone: fc.boolean(),
  main_only: fc.boolean(),
  max_length: fc.integer({ min: 1, max: 5_000_000 }),
  glob: text,
  regex: fc.constantFrom("a.c", "^https:"),
  unique: fc.boolean(),
  prefer_css_page_size: fc.boolean(),
  margin: fc.constantFrom({}, { top: "1cm" }),
  print_background: fc.boolean(),
  page_ranges: fc.constantFrom("1", "1-2, 4"),
  header: text,
  footer: text,
  format: fc.constantFrom("png", "jpeg"),
  quality: fc.integer({ min: 1, max: 100 }),
  selector: text,
  button: fc.constantFrom("left", "right", "middle"),
  value: text,
  clear: fc.boolean(),
  visible: fc.boolean(),
  expression: text,
  await_promise: fc.boolean(),
  max_nodes: fc.integer({ min: 1, max: 100_000 }),
  wait_until: fc.constantFrom("commit", "domcontentloaded", "load", "networkidle"),
  ignore_cache: fc.boolean(),
  policy: fc.constantFrom("hold", "accept", "dismiss"),
  text,
  "browser.snapshot:format": fc.constantFrom("text", "tree"),
  tokens_max: fc.integer({ min: 200, max: 1_000_000 }),
  part: fc.integer({ min: 1, max: 100 }),
  search: text,
  diff: fc.boolean(),
  page: fc.stringMatching(/^[0-9A-F]{1,32}$/),
  id: fc.integer({ min: 1 }),
  level: fc.constantFrom("debug", "warn"),
  since: fc.nat(),
  type: fc.stringMatching(/^[a-z]{1,9}$/),
  state: fc.constantFrom("pending", "done", "failed"),
  bodies: fc.boolean(),
  script: text,
  "script.run:args": fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.integer()),
  ...ofDownloads("id", fc.uuid()),
  ...ofDownloads("state", fc.constantFrom("completed", "failed")),
  "browser.requests:status": fc.constantFrom("404", "4xx"),
  "browser.har:status": fc.constantFrom("404", "4xx"),
  key: fc.constantFrom("Enter", "Control+A"),
  options: fc.array(text, { maxLength: 3 }),
  by: fc.constantFrom("value", "label"),
  to: fc.record({ selector: text }),
  files: fc.array(fc.constant({ name: "a", data: "AA==" }), { maxLength: 2 }),
  args: fc.array(fc.oneof(fc.integer(), text), { maxLength: 3 }),
  count: fc.integer({ min: 1, max: 3 }),
  modifiers: fc.subarray(["Alt", "Shift"]),
  position: fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 9 }) }),
  x: fc.integer({ min: -9, max: 9 }),
  y: fc.integer({ min: -9, max: 9 }),
  viewport: fc.record({ width: fc.integer({ min: 1, max: 99 }), height: fc.constant(9) }),
  "browser.emulate:user_agent": fc.constantFrom(null, { user_agent: "Me/1" }),
  user_agent: fc.constantFrom("Me/1", "You/2 (x)"),
  accept_language: fc.constantFrom("de-DE,de", "en"),
  platform: text,
  width: fc.integer({ min: 1, max: 4_096 }),
  height: fc.integer({ min: 1, max: 4_096 }),
  scale: fc.constantFrom(1, 2, 3),
  mobile: fc.boolean(),
  geolocation: fc.constantFrom(null, { latitude: 1.5, longitude: -2 }),
  locale: fc.constantFrom(null, "de-DE"),
  timezone: fc.constantFrom(null, "Asia/Tokyo"),
  network: fc.constantFrom(null, { offline: true }, { profile: "slow-3g" }),
  cpu_slowdown: fc.constantFrom(null, 1, 4),
  "browser.emulate:headers": fc.constantFrom(null, {}, { "x-a": "b" }),
  headers: fc.constantFrom({}, { "x-a": "b" }),
  http_auth: fc.constantFrom(null, { username: "me", password: "secret" }),
  media: fc.constantFrom(null, "screen", "print"),
  color_scheme: fc.constantFrom(null, "light", "dark"),
  reduced_motion: fc.constantFrom(null, "reduce", "no-preference"),
  blocked_urls: fc.option(fc.array(text, { maxLength: 3 })),
  forced_colors: fc.constantFrom(null, "active"),
  contrast: fc.constantFrom(null, "more", "less"),
  touch: fc.boolean(),
  method: fc.constantFrom("GET", "POST"),
  then: fc.constant("answer"),
  "browser.mock:status": fc.integer({ min: 200, max: 599 }),
  body: fc.constantFrom("", "QQ==", "QUJD"),
  encoding: fc.constantFrom("text", "base64"),
  times: fc.integer({ min: 1, max: 9 }),
  categories: fc.constantFrom(["*"], ["blink.user_timing", "-v8"]),
  screenshots: fc.boolean(),
  buffer_mb: fc.integer({ min: 1, max: 512 }),
  urls: fc.array(fc.constantFrom("https://a.test/", "https://b.test/"), { maxLength: 3 }),
  cookies: fc.array(fc.record({ name: fc.constant("a"), value: fc.constant("b") })),
  domain: fc.constantFrom("a.test", ".b.test"),
  path: fc.constantFrom("/", "/a"),
  kind: fc.constantFrom("local", "session"),
  origin: fc.constantFrom("https://a.test", "http://127.0.0.1:8080"),
  items: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), text, { maxKeys: 3 }),
  scope: fc.constantFrom("all", "visited"),
  origins: fc.constantFrom([], [{ origin: "https://a.test", local_storage: { k: "v" } }]),
  profile: fc.constantFrom("work", { name: "work" }, { name: "work", mode: "write_back" }),
  permissions: fc.constantFrom({}, { geolocation: "granted" }),
  local_storage: fc.constantFrom({}, { k: "v" }, { "https://a.test": { k: "v" } }),
  session_storage: fc.constantFrom({}, { k: "v" }),
  vm_id: text,
  agent_version: text,
  browser_version: text,
  port: fc.integer({ min: 1, max: 65_535 }),
  browser_restarts: fc.nat(),
  browser_ended: text,
  reason: fc.constantFrom("crashed", "out_of_memory"),
  ready_ms: fc.nat(),
  lines: fc.array(fc.record({
    stream: fc.constantFrom("agent", "browser"),
    line: text,
    timestamp: fc.constant("2024-01-01T00:00:00.000Z"),
  })),
  dropped: fc.nat(),
  stream: fc.constantFrom("agent", "browser", "console"),
  tail: fc.integer({ min: 0, max: 5_000 }),
  follow: fc.constantFrom("true", "false"),
};

/** Each way to name an element. */
const TARGETS: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.record({ selector: text }),
  fc.record({ ref: fc.integer({ min: 1, max: 999_999_999 }).map((n) => `e${n}`) }),
  fc.record({ text }),
  fc.record({ role: fc.stringMatching(/^[a-z]{1,9}$/), role_name: text }, {
    requiredKeys: ["role"],
  }),
);

/** Inputs of an operation: the members that must be there, and any of the others that go together. */
function inputs(operation: Operation): fc.Arbitrary<Record<string, unknown>> {
  const isTargeted = Object.keys(targetFields).every((name) => name in operation.input.shape);
  const shape = (Object.entries(operation.input.shape) as [string, z.ZodType][])
    .filter(([name]) => !isTargeted || !(name in targetFields));
  const required = shape.filter(([, schema]) => !schema.safeParse(undefined).success);
  const members = shape.map(([name]): [string, fc.Arbitrary<unknown>] => {
    const values = MEMBERS[`${operation.name}:${name}`] ?? MEMBERS[name];
    assert.ok(values !== undefined, `no values for ${name}`);
    return [name, values];
  });
  const others = fc.record(Object.fromEntries(members), {
    requiredKeys: required.map(([name]) => name),
  });
  const all = isTargeted
    ? fc.tuple(TARGETS, others).map(([target, others]) => ({ ...target, ...others }))
    : others;
  return all.filter((input) => operation.input.safeParse(input).success);
}

for (const operations of Object.values(LISTS)) {
  for (const operation of Object.values(operations)) {
    Deno.test(`${operation.name}: what a client sends is what the handler gets`, async () => {
      await fc.assert(
        fc.asyncProperty(inputs(operation), fc.jsonValue(), async (input, answer) => {
          let got: unknown = null;
          const call = connect(operation, (parsed) => ((got = parsed), answer));
          const result = await call(input);
          assert.deepEqual(got, operation.input.parse(input));
          const sent = JSON.parse(JSON.stringify(answer)); // Which has no -0.
          if (operation.stream !== undefined) {
            return assert.deepEqual(await (result as Response).json(), sent);
          }
          assert.deepEqual(result, operation.http.status === 204 ? undefined : sent);
        }),
        { numRuns: 40 },
      );
    });

    Deno.test(`${operation.name}: an unknown member is refused`, async () => {
      const call = connect(operation, () => assert.fail("the handler was called"));
      const [input] = fc.sample(inputs(operation), 1);
      await assert.rejects(call({ ...input, surely_unknown: 1 }), { code: "invalid_request" });
    });
  }
}

for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
  Deno.test(`createClient() rejects with ${code} when the server answers so`, async () => {
    const thrown = new ViperError(code, 'Cannot do "it"', {
      hint: "Try again",
      errors: [{ pointer: "/a", detail: "is odd" }],
    });
    const call = connect(vmsGet, () => {
      throw thrown;
    });
    await assert.rejects(call({ name: "a" }), (error: unknown) => {
      assert.ok(error instanceof ViperError);
      const { message, hint, errors } = thrown;
      assert.deepEqual(
        { code: error.code, message: error.message, hint: error.hint, errors: error.errors },
        { code, message, hint, errors },
      );
      return true;
    });
  });
}

const ODD: readonly [string, Response][] = [
  ["no JSON", new Response("<html>", { status: 502 })],
  ["JSON that is no problem", Response.json({ message: "no" }, { status: 500 })],
  ["no JSON though all is well", new Response("", { status: 200 })],
];
for (const [what, response] of ODD) {
  Deno.test(`createClient() rejects with internal for an answer that is ${what}`, async () => {
    const fetch = () => Promise.resolve(response);
    const { get } = createClient({ get: vmsGet }, { fetch, baseUrl: "http://a.test" });
    await assert.rejects(get({ name: "a" }), {
      code: "internal",
      message: /^Cannot read the answer to vms.get: status/,
    });
  });
}

Deno.test("createClient() hands headers and signal to fetch", async () => {
  let seen: RequestInit = {};
  const { signal } = new AbortController();
  const { get } = createClient({ get: vmsGet }, {
    fetch: (_url, init) => ((seen = init), Promise.resolve(Response.json({}))),
    baseUrl: "http://a.test",
    headers: { authorization: "Bearer key" },
  });
  await get({ name: "a" }, { signal });
  assert.equal(new Headers(seen.headers).get("authorization"), "Bearer key");
  assert.equal(seen.signal, signal);
});

Deno.test("requestOf() puts members into path, query or body by the route", () => {
  assert.deepEqual(requestOf(vmsGet, { name: "../x y" }), {
    path: "/api/v1/vms/..%2Fx%20y",
    body: undefined,
  });
  assert.deepEqual(
    requestOf(vmsWait, { name: "a", timeout_ms: 5 }).path,
    "/api/v1/vms/a/wait?timeout_ms=5",
  );
  assert.deepEqual(
    requestOf(vmsWait, { name: "a", timeout_ms: undefined }).path,
    "/api/v1/vms/a/wait",
  );
  assert.deepEqual(requestOf(vmsCreate, { name: "a" }), {
    path: "/api/v1/vms",
    body: '{"name":"a"}',
  });
});

/** Command lines out of operations: each member can be given, and arrives as what it is. */
import assert from "node:assert/strict";
import * as z from "zod";
import { operationCommand } from "../../../cli/operation_command.ts";
import type { Operation } from "../../../protocol/operation.ts";
import { TARGET_MARK, targetFields } from "../../../protocol/target.ts";
import { browserOperations, systemOperations, vmOperations } from "../../../protocol/operations.ts";

/** What a command line makes of an operation's input. */
async function parse(operation: Operation, argv: readonly string[], argument?: string, file = "") {
  const calls: { input: Record<string, unknown>; argument: string }[] = [];
  let printed = "";
  const command = operationCommand({
    verb: "verb",
    operation,
    ...(argument === undefined ? {} : { argument }),
    call: (input, given) => (calls.push({ input, argument: given }), Promise.resolve({ a: 1 })),
    print: (text) => void (printed += text),
    readText: (path) =>
      path === "value.json" ? Promise.resolve(file) : Promise.reject(new Error("no such file")),
  }).exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  await command.parseAsync([...argv], { from: "user" });
  assert.equal(calls.length, 1);
  return { ...calls[0]!, printed };
}

/** What `--help` prints of an operation's command. */
function helpOf(operation: Operation): string {
  return operationCommand({
    ...{ verb: "verb", operation },
    call: () => Promise.reject(new Error("not called")),
    print: () => {},
    readText: () => Promise.reject(new Error("not read")),
  }).helpInformation();
}

/** A valid value of every member that operations have, as it is typed, and as it is meant. */
const TYPED: Readonly<Record<string, readonly [typed: string, meant: unknown]>> = {
  name: ["one", "one"],
  cpu_cores: ["3", 3],
  memory_mb: ["512", 512],
  kernel_cmdline: ["debug  x=1", "debug  x=1"],
  runtime: ["qemu", "qemu"],
  layout: ["initramfs", "initramfs"],
  image: ["current", "current"],
  labels: ["team=web,stage=", { team: "web", stage: "" }],
  label: ["team=web", "team=web"],
  status: ["running", "running"],
  ttl_ms: ["60000", 60_000],
  idle_timeout_ms: ["60000", 60_000],
  restart_policy: ["on_crash", "on_crash"],
  environment: ['{"A":"b,c"}', { A: "b,c" }],
  chrome: ['{"locale":"de-DE"}', { locale: "de-DE" }],
  egress: ["10.1.0.0/16,10.2.0.1/32", ["10.1.0.0/16", "10.2.0.1/32"]],
  wait_ms: ["100", 100],
  limit: ["5", 5],
  after: ["7", 7],
  grace_ms: ["0", 0],
  timeout_ms: ["1500", 1500],
  url: ["https://a.test/?b=c", "https://a.test/?b=c"],
  format: ["jpeg", "jpeg"],
  "browser.screenshot:format": ["webp", "webp"],
  "browser.pdf:format": ["a4", "a4"],
  "browser.pdf:width": ["2in", "2in"],
  "browser.pdf:height": ["2in", "2in"],
  landscape: ["", true],
  selectors: ["h1,p", ["h1", "p"]],
  "browser.wait_selector:state": ["visible", "visible"],
  "browser.wait_selector:visible": ["", true],
  "browser.wait_text:text": ["Done", "Done"],
  gone: ["", true],
  main_only: ["", true],
  max_length: ["100", 100],
  glob: ["https://a.test/*", "https://a.test/*"],
  regex: ["/[ab]$", "/[ab]$"],
  unique: ["no", false],
  "browser.links:visible": ["", true],
  prefer_css_page_size: ["", true],
  margin: ["top=1cm,left=2cm", { top: "1cm", left: "2cm" }],
  print_background: ["", true],
  page_ranges: ["1-2, 4", "1-2, 4"],
  header: ["<p>", "<p>"],
  footer: ["<p>", "<p>"],
  "browser.pdf:scale": ["0.5", 0.5],
  quality: ["50", 50],
  omit_background: ["", true],
  selector: ["#a > b", "#a > b"],
  button: ["right", "right"],
  value: ["12", "12"],
  expression: ["1 + 1", "1 + 1"],
  max_nodes: ["7", 7],
  page: ["8A3F", "8A3F"],
  "browser.snapshot:format": ["tree", "tree"],
  tokens_max: ["300", 300],
  part: ["2", 2],
  search: ["pay", "pay"],
  diff: ["", true],
  wait_until: ["commit", "commit"],
  ignore_cache: ["", true],
  policy: ["hold", "hold"],
  text: ["Pay now", "Pay now"],
  role: ["button", "button"],
  role_name: ["Pay now", "Pay now"],
  id: ["12", 12],
  level: ["warn", "warn"],
  since: ["7", 7],
  type: ["xhr", "xhr"],
  state: ["done", "done"],
  bodies: ["", true],
  "browser.requests:status": ["4xx", "4xx"],
  "browser.har:status": ["404", "404"],
  "downloads.list:state": ["failed", "failed"],
  "downloads.wait:id": ["41-a", "41-a"],
  "downloads.fetch:id": ["41-a", "41-a"],
  "downloads.delete:id": ["41-a", "41-a"],
  key: ["Control+A", "Control+A"],
  script: ["export default () => 1", "export default () => 1"],
  "script.run:args": ['{"a":[1]}', { a: [1] }],
  options: ["a,b", ["a", "b"]],
  to: ["text=Here", { text: "Here" }],
  files: ['[{"name":"a","data":"AA=="}]', [{ name: "a", data: "AA==" }]],
  args: ['[1,"a"]', [1, "a"]],
  count: ["2", 2],
  modifiers: ["Shift,Alt", ["Shift", "Alt"]],
  position: ['{"x":1,"y":2}', { x: 1, y: 2 }],
  by: ["label", "label"],
  x: ["10", 10],
  y: ["-5", -5],
  viewport: ['{"width":9,"height":8}', { width: 9, height: 8 }],
  "browser.emulate:user_agent": ['{"user_agent":"Me/1"}', { user_agent: "Me/1" }],
  user_agent: ["Me/1 (x)", "Me/1 (x)"],
  accept_language: ["de-DE,de", "de-DE,de"],
  platform: ["Linux armv8l", "Linux armv8l"],
  width: ["390", 390],
  height: ["844", 844],
  scale: ["2", 2],
  mobile: ["", true],
  geolocation: ['{"latitude":1,"longitude":2}', { latitude: 1, longitude: 2 }],
  locale: ["de-DE", "de-DE"],
  timezone: ["Asia/Tokyo", "Asia/Tokyo"],
  network: ['{"profile":"slow-3g"}', { profile: "slow-3g" }],
  cpu_slowdown: ["4", 4],
  headers: ["x-a=b", { "x-a": "b" }],
  http_auth: ["username=me,password=secret", { username: "me", password: "secret" }],
  media: ["print", "print"],
  color_scheme: ["null", null],
  reduced_motion: ["reduce", "reduce"],
  blocked_urls: ["*/a,*/b", ["*/a", "*/b"]],
  forced_colors: ["active", "active"],
  contrast: ["more", "more"],
  touch: ["", true],
  method: ["POST", "POST"],
  then: ["answer", "answer"],
  "browser.mock:status": ["404", 404],
  body: ["QQ==", "QQ=="],
  encoding: ["base64", "base64"],
  times: ["2", 2],
  categories: ["blink.user_timing,-v8", ["blink.user_timing", "-v8"]],
  screenshots: ["", true],
  buffer_mb: ["32", 32],
  urls: ["https://a.test/,https://b.test/", ["https://a.test/", "https://b.test/"]],
  cookies: ['[{"name":"a","value":"b"}]', [{ name: "a", value: "b" }]],
  domain: ["a.test", "a.test"],
  path: ["/a", "/a"],
  kind: ["session", "session"],
  origin: ["https://a.test", "https://a.test"],
  items: ["k=v", { k: "v" }],
  scope: ["visited", "visited"],
  origins: ['[{"origin":"https://a.test"}]', [{ origin: "https://a.test" }]],
  profile: ["name=work,mode=write_back", { name: "work", mode: "write_back" }],
  permissions: ["geolocation=granted", { geolocation: "granted" }],
  local_storage: ["k=v", { k: "v" }],
  session_storage: ["k=w", { k: "w" }],
  full_page: ["", true],
  clear: ["", true],
  visible: ["no", false],
  await_promise: ["no", false],
};
const SHORT: Readonly<Record<string, string>> = { cpu_cores: "cpu", memory_mb: "memory" };

function flagOf(member: string): string {
  return (SHORT[member] ?? member).replaceAll("_", "-");
}

function valueOf({ name }: Operation, member: string): readonly [typed: string, meant: unknown] {
  return TYPED[`${name}:${member}`] ?? TYPED[member] ?? assert.fail(`no value for ${member}`);
}

/** Without them the role is left. */
const OTHER_WAYS = new Set(["selector", "text", "ref"]);
/** Do not go with the other members. */
const ALONE = new Set(
  [
    "screenshot:role",
    "screenshot:role_name",
    "screenshot:clip",
    "links:regex",
    "wait_url:url",
    "wait_url:regex",
  ]
    .map((member) => `browser.${member}`),
);

const ALL: readonly Operation[] = [
  ...Object.values(vmOperations),
  ...Object.values(systemOperations),
  ...Object.values(browserOperations),
];

for (const operation of ALL) {
  Deno.test(`the command of ${operation.name} takes every member of its input`, async () => {
    const positional: string[] = [];
    const flags: string[] = [];
    const expected: Record<string, unknown> = {};
    const isTargeted = TARGET_MARK in (operation.input.meta() ?? {});
    if (isTargeted) {
      positional.push("role=button Pay now");
      Object.assign(expected, { role: "button", role_name: "Pay now" });
    }
    for (
      const [member, schema] of Object.entries(operation.input.shape as Record<string, z.ZodType>)
    ) {
      // An element is named in one way of several, and where it has to be, by an argument.
      const isOptional = schema.safeParse(undefined).success;
      const isOtherWay = isOptional && OTHER_WAYS.has(member) && "role" in operation.input.shape;
      if (isOtherWay || isTargeted && member in targetFields) continue;
      if (ALONE.has(`${operation.name}:${member}`)) continue;
      const [typed, meant] = valueOf(operation, member);
      expected[member] = meant;
      if (!isOptional) positional.push(typed);
      else if (typeof meant === "boolean") {
        flags.push(meant ? `--${flagOf(member)}` : `--no-${flagOf(member)}`);
      } else flags.push(`--${flagOf(member)}`, typed);
    }
    const { input } = await parse(operation, [...positional, ...flags]);
    assert.deepEqual(input, expected);
    assert.ok(operation.input.safeParse(input).success);
    if (operation.name === "browser.wait_url") return; // It needs one of its flags.
    const less = await parse(operation, ["vm", ...positional], "vm");
    assert.equal(less.argument, "vm");
    assert.deepEqual(
      operation.input.parse(less.input),
      operation.input.parse(
        Object.fromEntries(
          Object.entries(expected).filter(([name]) =>
            positional.includes(valueOf(operation, name)[0]) || isTargeted && name in targetFields
          ),
        ),
      ),
    );
  });
}

for (const operation of ALL) {
  Deno.test(`the help of ${operation.name} tells what each member is, in lines of 80`, () => {
    const help = helpOf(operation);
    assert.deepEqual(help.split("\n").filter((line) => line.length > 80), []);
    const text = help.replaceAll(/\s+/g, " ");
    const isTargeted = TARGET_MARK in (operation.input.meta() ?? {});
    const { properties = {} } = z.toJSONSchema(operation.input, { io: "input" });
    for (const [member, property] of Object.entries(properties)) {
      if (isTargeted && member in targetFields) continue;
      const { description = "" } = property as { description?: string };
      assert.ok(text.includes(description), `${member}: ${description}`);
    }
  });
}

const NAMED: readonly [argument: string, input: Record<string, string>][] = [
  ["#a > b", { selector: "#a > b" }],
  ["a[href='text=x']", { selector: "a[href='text=x']" }],
  ["text=Pay  now", { text: "Pay  now" }],
  ["text=", { text: "" }],
  ["ref=e12", { ref: "e12" }],
  ["e12", { ref: "e12" }],
  ["e12 b", { selector: "e12 b" }],
  ["role=button", { role: "button" }],
  ["role=button Pay now", { role: "button", role_name: "Pay now" }],
];
for (const [argument, input] of NAMED) {
  Deno.test(`the argument "${argument}" names an element`, async () => {
    assert.deepEqual((await parse(browserOperations.getText, [argument])).input, input);
  });
}

for (const typed of ["x=0,y=1.5,width=2,height=3", '{"x":0,"y":1.5,"width":2,"height":3}']) {
  Deno.test(`the numbers of ${typed} arrive as numbers`, async () => {
    const { input } = await parse(browserOperations.screenshot, ["--clip", typed]);
    assert.deepEqual(input, { clip: { x: 0, y: 1.5, width: 2, height: 3 } });
  });
}

const FILES: readonly [file: string, meant: Record<string, unknown>][] = [
  ['{"username":"me","password":"a,b"}\n', { username: "me", password: "a,b" }],
  ["username=me,password=secret\n", { username: "me", password: "secret" }],
];
for (const [file, meant] of FILES) {
  Deno.test(`a flag takes ${JSON.stringify(file)} from a file`, async () => {
    const argv = ["--http-auth", "@value.json"];
    const { input } = await parse(browserOperations.emulate, argv, undefined, file);
    assert.deepEqual(input, { http_auth: meant });
  });
}

Deno.test("an argument takes a list from a file, and text is no file", async () => {
  const cookies = await parse(browserOperations.setCookies, ["@value.json"], undefined, "[{}]");
  assert.deepEqual(cookies.input, { cookies: [{}] });
  const typed = await parse(browserOperations.type, ["#a", "@value.json"], undefined, "[{}]");
  assert.deepEqual(typed.input, { selector: "#a", value: "@value.json" });
});

for (
  const [argument, file, message] of [
    ["@missing.json", "", /"missing.json": no such file/],
    ["@value.json", "{", /"value.json": It begins like JSON/],
  ] as const
) {
  Deno.test(`a value in ${argument} with "${file}" is refused`, async () => {
    await assert.rejects(
      parse(browserOperations.emulate, ["--http-auth", argument], undefined, file),
      { name: "CliError", message },
    );
  });
}

const { create } = vmOperations;
const { type } = browserOperations;

const WRONG: readonly [string, readonly string[]][] = [
  ["an unknown flag", ["one", "--surely-unknown"]],
  ["no argument", []],
  ["one argument too many", ["one", "two"]],
  ["a flag without its value", ["one", "--cpu"]],
];
for (const [what, argv] of WRONG) {
  Deno.test(`a command line with ${what} is refused and calls nothing`, async () => {
    await assert.rejects(parse(create, argv), { name: "CommanderError" });
  });
}

for (const text of ["many", "", "1x", "Infinity"]) {
  Deno.test(`"${text}" where a number is meant is refused by name`, async () => {
    await assert.rejects(parse(create, ["one", "--cpu", text]), /'--cpu <value>'.*not a number/);
  });
}

for (
  const [typed, to] of [
    ["#zone", { selector: "#zone" }],
    ["e7", { ref: "e7" }],
    ["text=Here", { text: "Here" }],
    ["role=list To do", { role: "list", role_name: "To do" }],
    ['{"text":"Here"}', { text: "Here" }],
  ] as const
) {
  Deno.test(`drag takes ${typed} as the element to drag to`, async () => {
    const { input } = await parse(browserOperations.drag, ["vm", "#a", typed], "vm");
    assert.deepEqual(input, { selector: "#a", to });
  });
}

Deno.test("an argument that looks like a flag goes behind --", async () => {
  const { input } = await parse(type, ["--clear", "--", "vm", "#a", "--value"], "vm");
  assert.deepEqual(input, { selector: "#a", value: "--value", clear: true });
});

Deno.test("the answer is printed as JSON with --json, else for people", async () => {
  assert.equal((await parse(create, ["one", "--json"])).printed, '{"a":1}\n');
  assert.equal((await parse(create, ["one"])).printed, "a: 1\n");
});

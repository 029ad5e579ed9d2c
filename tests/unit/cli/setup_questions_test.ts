/** What `viper setup` suggests and refuses when it asks; the asking itself is the library's. */
import assert from "node:assert/strict";
import { problemWith, suggestion } from "../../../cli/setup_questions.ts";

const NOTHING = { variables: {}, installed: {} };
const INSTALLED = { variables: {}, installed: { VIPER_BRIDGE: "br7" } };

Deno.test("suggestion() is what an earlier setup said, else the default", () => {
  assert.equal(suggestion("bridge", {}, INSTALLED), "br7");
  assert.equal(suggestion("bridge", {}, NOTHING), "viperbr0");
  assert.equal(suggestion("hostIp", { subnet: "192.168.127.0/24" }, NOTHING), "192.168.127.1");
});

Deno.test("suggestion() for the host is the first address of another subnet", () => {
  assert.equal(suggestion("hostIp", { subnet: "10.9.0.0/20" }, NOTHING), "10.9.0.1");
});

const ROWS: readonly [
  Parameters<typeof problemWith>[0],
  string,
  Record<string, string>,
  RegExp?,
][] = [
  ["listen", "127.0.0.1:7777", {}],
  ["listen", "nowhere", {}, /Cannot use "nowhere"/],
  ["bridge", "a b", {}, /Cannot use "a b"/],
  ["subnet", "10.9.0.0/20", {}],
  ["subnet", "bad", {}, /Cannot read the subnet "bad"/],
  ["hostIp", "10.9.0.7", { subnet: "10.9.0.0/20" }],
  ["hostIp", "10.8.0.7", { subnet: "10.9.0.0/20" }, /Cannot use "10.8.0.7" as a host's address/],
];
for (const [name, value, said, problem] of ROWS) {
  Deno.test(`problemWith() ${problem ? "refuses" : "takes"} ${name} "${value}"`, () => {
    const found = problemWith(name, { ...said, [name]: value }, NOTHING);
    if (problem === undefined) assert.equal(found, undefined);
    else assert.match(found ?? "", problem);
  });
}

/**
 * Who is let in: a table of requests (where from, what they carry, how the daemon is set) and what
 * becomes of each, and the property that over TCP nobody is let in without a credential.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ProblemCode } from "../../../../../protocol/problem_codes.ts";
import type { Role } from "../../../../../protocol/roles.ts";
import {
  Admission,
  type AdmissionRules,
  type Admitted,
} from "../../../../../server/api/auth/admission.ts";
import { Failures } from "../../../../../server/api/auth/failures.ts";
import { parseCidrs } from "../../../../../server/api/auth/peers.ts";
import type { Principal } from "../../../../../server/keys/principal.ts";
import { FakeClock } from "../../../../fake_clock.ts";
import { OPEN } from "../api_world.ts";

const KEY = `vpr_0123456789abcdef_${"k".repeat(43)}`;
const WRONG = `vpr_0123456789abcdef_${"x".repeat(43)}`;
const ENVIRONMENT = "chosen-by-a-person";
const TICKET = "vpt_ticket";
const HERE = "127.0.0.1";
const LAN = "10.1.2.3";
const API = "http://127.0.0.1:7777/api/v1/vms";
const HEALTH = "http://127.0.0.1:7777/healthz";
const SOCKET = { upgrade: "websocket" };

const OPERATOR: Principal = { role: "operator", name: "ci", keyId: "0123456789abcdef", via: "key" };
const KEYED: Partial<AdmissionRules> = { insecureLoopback: false };
const BOTH: Partial<AdmissionRules> = { ...KEYED, environmentKey: ENVIRONMENT };

function door(rules: Partial<AdmissionRules>, clock = new FakeClock()) {
  const log: string[] = [];
  const admission = new Admission({
    keys: { verify: (text) => text === KEY ? OPERATOR : null },
    tickets: { take: (text) => text === TICKET ? { ...OPERATOR, via: "ticket" } : null },
    failures: new Failures(clock),
    log: (_level, message, fields) => log.push(`${message} ${JSON.stringify(fields)}`),
  }, { ...OPEN, ...rules });
  const ask = (url: string, headers: Record<string, string> = {}, peer: string | null = HERE) =>
    admission.admit(new Request(url, { headers }), peer);
  return { ask, log, clock };
}

type Outcome = ProblemCode | `${Role} via ${Principal["via"]}`;
const cidrs = (...entries: string[]) => parseCidrs(entries, "test");
const only = (...entries: string[]) => ({
  peers: { allowed: cidrs(...entries), trustedProxies: cidrs() },
});
const behind = (...entries: string[]) => ({
  peers: { allowed: null, trustedProxies: cidrs(...entries) },
});

/** What, settings, peer, URL, headers, outcome. */
type Row = readonly [
  string,
  Partial<AdmissionRules>,
  string | null,
  string,
  Record<string, string>,
  Outcome,
];

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const offer = (protocols: string) => ({ ...SOCKET, "sec-websocket-protocol": protocols });

const CREDENTIALS: readonly Row[] = [
  ["no key", KEYED, HERE, API, {}, "unauthorized"],
  ["a bearer", KEYED, HERE, API, bearer(KEY), "operator via key"],
  ["a bearer from afar", KEYED, LAN, API, bearer(KEY), "operator via key"],
  [
    "a bearer in small letters",
    KEYED,
    LAN,
    API,
    { authorization: `bearer ${KEY}` },
    "operator via key",
  ],
  ["X-Viper-API-Key", KEYED, LAN, API, { "x-viper-api-key": KEY }, "operator via key"],
  ["?api_key=", KEYED, LAN, `${API}?api_key=${KEY}`, {}, "operator via key"],
  ["?ticket=", KEYED, LAN, `${API}?ticket=${TICKET}`, {}, "operator via ticket"],
  ["a wrong ticket", KEYED, LAN, `${API}?ticket=${KEY}`, {}, "unauthorized"],
  ["a ticket as a key", KEYED, LAN, API, bearer(TICKET), "unauthorized"],
  ["a wrong key", KEYED, LAN, API, bearer(WRONG), "unauthorized"],
  [
    "a wrong header beside a right query",
    KEYED,
    LAN,
    `${API}?api_key=${KEY}`,
    bearer(WRONG),
    "unauthorized",
  ],
  ["an empty key", KEYED, LAN, API, { "x-viper-api-key": "" }, "unauthorized"],
  ["an empty query", KEYED, LAN, `${API}?api_key=&ticket=`, {}, "unauthorized"],
  ["another scheme", KEYED, LAN, API, { authorization: `Basic ${KEY}` }, "unauthorized"],
  ["VIPER_API_KEY", BOTH, LAN, API, bearer(ENVIRONMENT), "admin via environment_key"],
  ["a stored key beside VIPER_API_KEY", BOTH, LAN, API, bearer(KEY), "operator via key"],
  ["VIPER_API_KEY cut short", BOTH, LAN, API, bearer(ENVIRONMENT.slice(1)), "unauthorized"],
  ["VIPER_API_KEY where there is none", KEYED, LAN, API, bearer(ENVIRONMENT), "unauthorized"],
  [
    "a key out of a foreign page",
    KEYED,
    LAN,
    API,
    { ...bearer(KEY), origin: "https://evil.test" },
    "operator via key",
  ],
  ["a wrong key on insecure loopback", {}, HERE, API, bearer(WRONG), "unauthorized"],
];

const SOCKETS: readonly Row[] = [
  ["a WebSocket without a key", KEYED, LAN, API, SOCKET, "unauthorized"],
  ["a WebSocket by header", KEYED, LAN, API, { ...SOCKET, ...bearer(KEY) }, "operator via key"],
  [
    "a WebSocket by subprotocol",
    KEYED,
    LAN,
    API,
    offer(`chat, viper.api-key.${KEY}`),
    "operator via key",
  ],
  [
    "a WebSocket by a wrong subprotocol",
    KEYED,
    LAN,
    API,
    offer(`viper.api-key.${WRONG}`),
    "unauthorized",
  ],
  ["a WebSocket by an empty subprotocol", KEYED, LAN, API, offer("viper.api-key."), "unauthorized"],
  ["a WebSocket by ticket", KEYED, LAN, `${API}?ticket=${TICKET}`, SOCKET, "operator via ticket"],
  ["the subprotocol of no WebSocket", KEYED, LAN, API, {
    "sec-websocket-protocol": `viper.api-key.${KEY}`,
  }, "unauthorized"],
  ["a WebSocket of a foreign page", KEYED, LAN, API, {
    ...SOCKET,
    ...bearer(KEY),
    origin: "https://evil.test",
  }, "forbidden_origin"],
  ["a WebSocket of our own page", KEYED, LAN, API, {
    ...SOCKET,
    ...bearer(KEY),
    origin: "http://127.0.0.1:7777",
  }, "operator via key"],
];

const LOOPBACK: readonly Row[] = [
  ["insecure loopback", {}, HERE, API, {}, "admin via insecure_loopback"],
  ["insecure loopback, IPv6", {}, "::1", "http://[::1]:7777/", {}, "admin via insecure_loopback"],
  [
    "insecure loopback, IPv4 in IPv6",
    {},
    "::ffff:127.0.0.1",
    API,
    {},
    "admin via insecure_loopback",
  ],
  [
    "insecure loopback by name",
    {},
    HERE,
    "http://localhost:7777/",
    {},
    "admin via insecure_loopback",
  ],
  ["insecure loopback from afar", {}, LAN, API, {}, "unauthorized"],
  ["a foreign host name", {}, HERE, "http://evil.test:7777/", {}, "forbidden_origin"],
  ["a host name like ours", {}, HERE, "http://127.0.0.1.evil.test:7777/", {}, "forbidden_origin"],
  ["another address as host name", {}, HERE, "http://10.0.0.1:7777/", {}, "forbidden_origin"],
  ["health without a key here", KEYED, HERE, HEALTH, {}, "viewer via insecure_loopback"],
  ["health without a key from afar", KEYED, LAN, HEALTH, {}, "unauthorized"],
  [
    "health for a foreign host name",
    KEYED,
    HERE,
    "http://evil.test/healthz",
    {},
    "forbidden_origin",
  ],
  [
    "health for a foreign page",
    KEYED,
    HERE,
    HEALTH,
    { origin: "https://evil.test" },
    "forbidden_origin",
  ],
  ["what only begins like health", KEYED, HERE, `${HEALTH}/x`, {}, "unauthorized"],
  ["the Unix socket", KEYED, null, API, {}, "admin via socket"],
  [
    "the Unix socket for a foreign page",
    KEYED,
    null,
    API,
    { origin: "https://evil.test" },
    "forbidden_origin",
  ],
];

const PAGES: readonly Row[] = [
  ...[
    "https://evil.test",
    "http://127.0.0.1:8080",
    "http://localhost:7777",
    "null",
    "",
    "http://127.0.0.1:7777.evil.test",
  ]
    .map((origin): Row => [`a page of "${origin}"`, {}, HERE, API, { origin }, "forbidden_origin"]),
  [
    "our own page",
    {},
    HERE,
    API,
    { origin: "http://127.0.0.1:7777" },
    "admin via insecure_loopback",
  ],
  ...["cross-site", "same-site"]
    .map((
      site,
    ): Row => [`a ${site} page`, {}, HERE, API, { "sec-fetch-site": site }, "forbidden_origin"]),
  ...["same-origin", "none"]
    .map((
      site,
    ): Row => [
      `a ${site} page`,
      {},
      HERE,
      API,
      { "sec-fetch-site": site },
      "admin via insecure_loopback",
    ]),
];

const forwarded = (list: string) => ({ ...bearer(KEY), "x-forwarded-for": list });

const PEERS: readonly Row[] = [
  ["an address in the list", only("10.0.0.0/8"), LAN, API, bearer(KEY), "operator via key"],
  ["an address beside the list", only("10.0.0.0/16"), LAN, API, bearer(KEY), "forbidden_peer"],
  ["loopback beside the list", only("10.0.0.0/8"), HERE, API, {}, "forbidden_peer"],
  ["health beside the list", only("10.0.0.0/8"), HERE, HEALTH, {}, "forbidden_peer"],
  ["IPv6 in the list", only("fd00::/8"), "fd12::1", API, bearer(KEY), "operator via key"],
  ["IPv6 beside the list", only("fd00::/8"), "fe80::1%eth0", API, bearer(KEY), "forbidden_peer"],
  [
    "IPv4 in IPv6 in the list",
    only("10.0.0.0/8"),
    `::ffff:${LAN}`,
    API,
    bearer(KEY),
    "operator via key",
  ],
  ["the Unix socket beside the list", only("10.0.0.0/8"), null, API, {}, "admin via socket"],
  [
    "a forged X-Forwarded-For",
    only("10.0.0.0/16"),
    LAN,
    API,
    forwarded("10.0.0.1"),
    "forbidden_peer",
  ],
  [
    "a proxy for this machine",
    behind(LAN),
    LAN,
    API,
    { "x-forwarded-for": HERE },
    "admin via insecure_loopback",
  ],
  [
    "a proxy for one far away",
    behind(HERE),
    HERE,
    API,
    { "x-forwarded-for": "192.0.2.1" },
    "unauthorized",
  ],
  [
    "a proxy for a forger",
    behind(HERE),
    HERE,
    API,
    { "x-forwarded-for": "127.0.0.1, 192.0.2.1" },
    "unauthorized",
  ],
  [
    "a proxy that names no address",
    behind(HERE),
    HERE,
    API,
    { "x-forwarded-for": "unknown" },
    "unauthorized",
  ],
  [
    "a proxy that names a port, too",
    behind(LAN),
    LAN,
    API,
    { "x-forwarded-for": "[::1]:4711" },
    "admin via insecure_loopback",
  ],
  ["what is no proxy", behind("192.0.2.9"), LAN, API, { "x-forwarded-for": HERE }, "unauthorized"],
];

function outcomeOf(body: () => Admitted): string {
  try {
    const { role, via } = body().principal;
    return `${role} via ${via}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

for (
  const [what, rules, peer, url, headers, outcome] of [
    ...CREDENTIALS,
    ...SOCKETS,
    ...LOOPBACK,
    ...PAGES,
    ...PEERS,
  ]
) {
  Deno.test(`admit() meets ${what} with: ${outcome}`, () => {
    const { ask } = door(rules);
    assert.equal(outcomeOf(() => ask(url, headers, peer)), outcome);
  });
}

Deno.test("admit() lets nobody in over TCP without a valid credential", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(WRONG, KEY.slice(1), `${KEY}x`, KEY.toUpperCase(), TICKET, ENVIRONMENT, "null"),
  ).filter((value) => value !== KEY && value !== ENVIRONMENT);
  const headerText = text.map((value) => value.replaceAll(/[^\x21-\x7e]/g, "?"));
  const headers = fc.record({
    authorization: headerText.map((value) => `Bearer ${value}`),
    "x-viper-api-key": headerText,
    "sec-websocket-protocol": headerText.map((value) => `viper.api-key.${value}`),
    upgrade: fc.constant("websocket"),
    "x-forwarded-for": fc.constantFrom(HERE, LAN, "::1", "x"),
    origin: fc.constantFrom("http://127.0.0.1:7777", "https://evil.test", "null"),
    host: fc.constantFrom("localhost", "127.0.0.1"),
  }, { requiredKeys: [] });
  const query = fc.record({
    api_key: text,
    ticket: text.filter((value) => value !== TICKET),
  }, { requiredKeys: [] });
  const path = fc.constantFrom(
    "/",
    "/api/v1/vms",
    "/healthz/",
    "/healthz/../api/v1/keys",
    "//healthz",
  );
  fc.assert(
    fc.property(
      path,
      headers,
      query,
      fc.constantFrom(HERE, "::1", LAN),
      (path, headers, query, peer) => {
        const { ask } = door(BOTH);
        const given = Object.fromEntries(
          Object.entries(headers).filter(([, value]) => value !== undefined),
        ) as Record<string, string>;
        const url = `http://127.0.0.1:7777${path}?${new URLSearchParams(
          query as Record<string, string>,
        )}`;
        assert.throws(
          () => ask(url, given, peer),
          (error: { code: string }) => ["unauthorized", "forbidden_origin"].includes(error.code),
        );
      },
    ),
  );
});

Deno.test("admit() answers 429 after ten failures from a peer, until the minute is over", async () => {
  const { ask, clock } = door(BOTH);
  const code = (key: string, peer: string) => outcomeOf(() => ask(API, bearer(key), peer));
  for (let at = 0; at < 10; at++) assert.equal(code("wrong", LAN), "unauthorized");
  await clock.advance(20_000);
  assert.throws(() => ask(API, bearer("wrong"), LAN), {
    code: "too_many_failures",
    retryAfterSeconds: 40,
  });
  assert.equal(code(ENVIRONMENT, LAN), "too_many_failures", "a key that might be guessed");
  assert.equal(code(KEY, LAN), "operator via key", "a key that cannot be guessed");
  assert.equal(code(ENVIRONMENT, "10.9.9.9"), "admin via environment_key", "another peer");
  assert.equal(code("wrong", "10.9.9.9"), "unauthorized", "another peer");
  await clock.advance(40_000);
  assert.equal(code("wrong", LAN), "unauthorized");
  assert.equal(code(ENVIRONMENT, LAN), "admin via environment_key");
});

Deno.test("admit() counts failures for one key over all peers, and harms no right one", () => {
  const { ask } = door(KEYED);
  const code = (key: string, last: number) =>
    outcomeOf(() => ask(API, bearer(key), `10.0.0.${last}`));
  for (let at = 1; at <= 10; at++) assert.equal(code(WRONG, at), "unauthorized");
  assert.equal(code(WRONG, 11), "too_many_failures");
  assert.equal(code(KEY, 12), "operator via key");
});

Deno.test("admit() does not count requests that carry no key", () => {
  const { ask } = door(KEYED);
  for (let at = 0; at < 20; at++) assert.equal(outcomeOf(() => ask(API)), "unauthorized");
  assert.equal(outcomeOf(() => ask(API, bearer(WRONG))), "unauthorized");
});

Deno.test("admit() names no credential in what it says or logs", () => {
  const { ask, log } = door(BOTH);
  const said: string[] = [];
  for (let at = 0; at < 12; at++) {
    try {
      ask(`${API}?api_key=guess&ticket=guess`, bearer("guess"), LAN);
    } catch (error) {
      said.push(JSON.stringify(error) + (error as Error).message + (error as Error).stack);
    }
  }
  assert.equal(said.length, 12);
  assert.equal(log.length, 10);
  assert.doesNotMatch([...said, ...log].join("\n"), /guess|chosen-by/);
});

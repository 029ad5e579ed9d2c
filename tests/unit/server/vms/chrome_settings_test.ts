/** Settings of a VM's Chrome, from the request to flags, variables and files of its initramfs. */
import assert from "node:assert/strict";
import { environment } from "../../../../protocol/vm_settings.ts";
import { chromeSettings } from "../../../../protocol/vm_settings.ts";
import {
  chromeArguments,
  chromeEnvironment,
  preparations,
} from "../../../../server/vms/chrome_settings.ts";
import { AUTHORITY, SERVER } from "./authority.ts";

const ARGUMENTS: readonly [unknown, string[]][] = [
  [{}, []],
  [{ viewport: { width: 800, height: 600 } }, [
    "--window-size=800,600",
    "--force-device-scale-factor=1",
  ]],
  [{ viewport: { width: 1, height: 2, scale: 2.5 } }, [
    "--window-size=1,2",
    "--force-device-scale-factor=2.5",
  ]],
  [{ locale: "de-DE" }, ["--lang=de-DE", "--accept-lang=de-DE"]],
  [{ timezone: "Europe/Berlin" }, []],
  [{ user_agent: "A b/1 (c; d)" }, ["--user-agent=A b/1 (c; d)"]],
  [{ proxy: { server: "http://10.0.0.5:3128" } }, ["--proxy-server=http://10.0.0.5:3128"]],
  [{ proxy: { server: "socks5://[::1]:1080", bypass: ["*.a.test", "<local>"] } }, [
    "--proxy-server=socks5://[::1]:1080",
    "--proxy-bypass-list=*.a.test;<local>",
  ]],
  [{ proxy: { server: "10.0.0.5:3128", username: "u", password: "5ec2e7" } }, [
    "--proxy-server=10.0.0.5:3128",
  ]],
  [{ ca_certificates: [AUTHORITY] }, []],
  // The last of a flag counts, so the client's own stand behind.
  [{ flags: ["--lang=fr", "--mute-audio"], locale: "de" }, [
    ...["--lang=de", "--accept-lang=de", "--lang=fr", "--mute-audio"],
  ]],
];

for (const [settings, flags] of ARGUMENTS) {
  Deno.test(`chromeArguments() of ${JSON.stringify(settings)} are ${flags.join(" ") || "none"}`, () => {
    assert.deepEqual(chromeArguments(chromeSettings.parse(settings)), flags);
  });
}

Deno.test("chromeEnvironment() sets the time zone and nothing else", () => {
  const of = (settings: unknown) => chromeEnvironment(chromeSettings.parse(settings));
  assert.deepEqual(of({ timezone: "America/Argentina/Buenos_Aires" }), {
    TZ: "America/Argentina/Buenos_Aires",
  });
  assert.deepEqual(of({ locale: "de" }), {});
});

const PREPARATIONS: readonly [unknown, unknown][] = [
  [{}, {}],
  [{ proxy: { server: "10.0.0.5:3128" } }, {}],
  [{ proxy: { server: "a:1", username: "u", password: "" } }, {
    proxy: { server: "a:1", username: "u", password: "" },
  }],
  [{ ca_certificates: [] }, {}],
  [{ ca_certificates: [AUTHORITY] }, { ca_certificates: [AUTHORITY] }],
];

for (const [settings, expected] of PREPARATIONS) {
  const title = JSON.stringify(settings).slice(0, 60);
  Deno.test(`preparations() of ${title} are what a flag cannot say`, () => {
    assert.deepEqual(preparations(chromeSettings.parse(settings)), expected);
  });
}

const PROXY = { server: "http://10.0.0.5:3128", username: "u", password: "p" };

const REFUSED: readonly unknown[] = [
  { flags: ["--remote-debugging-port=1"] },
  { flags: ["--remote-debugging-address=0.0.0.0"] },
  { flags: ["--remote-debugging-pipe"] },
  { flags: ["--user-data-dir=/x"] },
  { flags: ["--headless=new"] },
  { flags: ["--headless"] },
  { flags: ["about:blank"] },
  { flags: ["-x"] },
  { flags: ["--"] },
  { flags: ["--a\n--remote-debugging-port=1"] },
  { flags: ["--ä"] },
  { flags: Array(65).fill("--a") },
  { flags: [`--${"a".repeat(2_048)}`] },
  { viewport: { width: 0, height: 1 } },
  { viewport: { width: 1.5, height: 1 } },
  { viewport: { width: 1, height: 16_385 } },
  { viewport: { width: 1, height: 1, scale: 0 } },
  { viewport: { width: 1 } },
  { locale: "deutsch, bitte" },
  { locale: "" },
  { timezone: "../../etc/passwd" },
  { timezone: "/etc/passwd" },
  { timezone: "Europe/Berlin\n" },
  { user_agent: "a\nb" },
  { user_agent: "" },
  { proxy: { server: "http://a b" } },
  { proxy: { server: "http://a\n" } },
  { proxy: {} },
  { proxy: { server: "a", bypass: ["b;c"] } },
  { proxy: { ...PROXY, server: "socks5://10.0.0.5:1080" } },
  { proxy: { ...PROXY, password: undefined } },
  { proxy: { ...PROXY, username: undefined } },
  { proxy: { ...PROXY, username: "a:b" } },
  { proxy: { ...PROXY, username: "" } },
  { proxy: { ...PROXY, password: "a\r\nx: y" } },
  { proxy: { ...PROXY, password: "x".repeat(1_025) } },
  { proxy: { server: "http://u:p@10.0.0.5:3128" } },
  { ca_certificates: ["not PEM"] },
  { ca_certificates: [SERVER] },
  { ca_certificates: [AUTHORITY + AUTHORITY] },
  { ca_certificates: [AUTHORITY.slice(0, 200) + "\n-----END CERTIFICATE-----"] },
  { ca_certificates: Array(17).fill(AUTHORITY) },
  { ca_certificates: [AUTHORITY + "\n".repeat(16_384)] },
  { colour: "red" },
];

for (const settings of REFUSED) {
  Deno.test(`chromeSettings refuses ${JSON.stringify(settings).slice(0, 80)}`, () => {
    assert.equal(chromeSettings.safeParse(settings).success, false);
  });
}

const VARIABLES: readonly [unknown, boolean][] = [
  [{}, true],
  [{ PATH: "/bin" }, false],
  [{ HOME: "/" }, false],
  [{ PATHS: "/bin" }, true],
  [{ HTTPS_PROXY: "http://a:1", _x9: "" }, true],
  [{ A: "b=c d;'$(e)" }, true],
  [{ A: "b\nC=d" }, false],
  [{ A: "b\0" }, false],
  [{ "A B": "c" }, false],
  [{ "A=B": "c" }, false],
  [{ "9A": "c" }, false],
  [{ "": "c" }, false],
  [{ A: 1 }, false],
  [{ A: "b".repeat(4_097) }, false],
  [Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`A${at}`, ""])), false],
];

for (const [variables, isTaken] of VARIABLES) {
  const text = JSON.stringify(variables).slice(0, 60);
  Deno.test(`environment ${isTaken ? "takes" : "refuses"} ${text}`, () => {
    assert.equal(environment.safeParse(variables).success, isTaken);
  });
}

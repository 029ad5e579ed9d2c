/** Goal: Chrome's sandbox is off only where it cannot be on, and what is told of it is seen. */
import assert from "node:assert/strict";
import { confinementOf, sandboxFlags } from "../../../agent/sandbox.ts";
import { CommandError, type Files, type Host } from "../../../host/host.ts";

/** A machine with those programs, whose `unshare` does or does not work. */
function machine(isRoot: boolean, programs: readonly string[], works: boolean) {
  const ran: string[][] = [];
  const host = {
    isRoot,
    log: () => {},
    files: {
      stat: (_label: string, path: string) =>
        Promise.resolve(programs.includes(path) ? { isFile: true } : null),
    },
    run: (_label: string, argv: string[]) => {
      ran.push(argv);
      return works
        ? Promise.resolve({ code: 0 })
        : Promise.reject(new CommandError("failed", "Operation not permitted"));
    },
  } as unknown as Host;
  return { host, ran };
}

const UNSHARE = "/usr/bin/unshare";
const BUSYBOX = "/bin/busybox";

for (
  const [title, isRoot, programs, works, flags, probe] of [
    ["root", true, [UNSHARE], true, ["--no-sandbox"], undefined],
    ["a user who may make namespaces", false, [UNSHARE, BUSYBOX], true, [], UNSHARE],
    ["a guest, which has busybox alone", false, [BUSYBOX], true, [], BUSYBOX],
    ["a user who may not", false, [UNSHARE], false, ["--no-sandbox"], UNSHARE],
    ["a machine where that cannot be tried", false, [], true, ["--no-sandbox"], undefined],
  ] as const
) {
  Deno.test(`sandboxFlags() for ${title}: ${flags.join(" ") || "none"}`, async () => {
    const { host, ran } = machine(isRoot, programs, works);
    assert.deepEqual(await sandboxFlags(host), flags);
    assert.equal(ran[0]?.[0], probe);
  });
}

const STATUS = "Uid:\t1000\t1000\t1000\t1000\nNSpid:\t12\nSeccomp:\t0\n";
const SHUT_IN = "Uid:\t1000\t1000\t1000\t1000\nNSpid:\t13\t4\t1\nSeccomp:\t2\n";

/** Chrome is 12; its child 13 is a renderer of that status. */
function proc(renderer: string | null): Files {
  const texts: Record<string, string> = {
    "/proc/12/stat": "12 (chrome) S 1",
    "/proc/12/status": STATUS,
    "/proc/12/cmdline": "chrome\0--headless",
    ...renderer === null ? {} : {
      "/proc/13/stat": "13 (chrome) S 12",
      "/proc/13/status": renderer,
      "/proc/13/cmdline": "chrome\0--type=renderer",
    },
  };
  return {
    list: () => Promise.resolve(["12", "13"]),
    readText: (_label: string, path: string) => {
      const text = texts[path];
      return text === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(text);
    },
  } as unknown as Files;
}

for (
  const [title, renderer, seen] of [
    ["no page", null, {}],
    ["a page that is shut in", SHUT_IN, { browser_sandbox: "on" }],
    ["a page as every process is", STATUS, { browser_sandbox: "off" }],
    ["a page without filter", SHUT_IN.replace("2\n", "0\n"), { browser_sandbox: "off" }],
    ["a page with a filter alone", SHUT_IN.replace("\t4\t1", ""), { browser_sandbox: "off" }],
  ] as const
) {
  Deno.test(`confinementOf() a Chrome with ${title}`, async () => {
    assert.deepEqual(await confinementOf(12, proc(renderer)), { browser_uid: 1000, ...seen });
  });
}

Deno.test("confinementOf() a Chrome that is gone says nothing", async () => {
  assert.deepEqual(await confinementOf(99, proc(null)), {});
});

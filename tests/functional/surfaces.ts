/** The three ways to call an operation of the browser, each as its users have it. */
import * as z from "zod";
import assert from "node:assert/strict";
import { runCli } from "../../cli/main.ts";
import { denoHost } from "../../host/deno_host.ts";
import type { Operation } from "../../protocol/operation.ts";
import { browserOperations } from "../../protocol/operations.ts";
import { TARGET_MARK, targetFields } from "../../protocol/target.ts";
import type { DaemonProcess } from "../daemon_process.ts";
import { ScriptTerminal } from "../unit/cli/script_terminal.ts";

/** The name of an operation in the list. */
export type Key = keyof typeof browserOperations;
type Input = Readonly<Record<string, unknown>>;

/** Calls an operation on the VM `a`; a stream is answered as text. */
export type Surface = (key: Key, input: Input) => Promise<unknown>;

const ASSETS = {
  ...{ selfCommand: [], agentCommand: [], initDir: "/none" },
  guestAgent: { kind: "binary", path: "/none" },
} as const;

/** All of them. */
export function surfaces(daemon: DaemonProcess): Readonly<Record<string, Surface>> {
  return {
    REST: (key, input) => overRest(daemon, browserOperations[key], input),
    "the typed client": async (key, input) => {
      const call = daemon.client.browser("a")[key] as (input: Input) => Promise<unknown>;
      const answer = await call(input);
      return answer instanceof Response ? await answer.text() : answer;
    },
    "the command line": (key, input) => onCommandLine(daemon, key, input),
  };
}

/** As `curl` would: nothing here comes from the typed client. */
async function overRest(
  daemon: DaemonProcess,
  { http: { method, path }, stream }: Operation,
  input: Input,
): Promise<unknown> {
  const rest = { ...input };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(
    Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const response = await daemon.fetch(
    `/api/v1/vms/a/agent${filled}${method === "POST" ? "" : `?${query}`}`,
    method !== "POST" ? { method } : {
      ...{ method, body: JSON.stringify(rest) },
      headers: { "content-type": "application/json" },
    },
  );
  if (!response.ok) throw await response.json();
  return stream === undefined ? await response.json() : await response.text();
}

/** `viper browser …`, from its arguments to what it prints. */
async function onCommandLine(daemon: DaemonProcess, key: Key, input: Input): Promise<unknown> {
  const operation: Operation = browserOperations[key];
  const file = await Deno.makeTempFile();
  try {
    const given = { ...input };
    if (key === "scriptRun") {
      await Deno.writeTextFile(file, String(input["script"]));
      given["script"] = file;
    }
    const streamed = operation.stream === undefined ? [] : ["--out", file];
    const verb = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const argv = ["--api", daemon.url, "browser", verb, ...streamed, ...flagsOf(operation, given)];
    const terminal = new ScriptTerminal();
    const host = { ...denoHost({ log: () => {} }), env: { VIPER_API_KEY: daemon.apiKey } };
    const { signal } = new AbortController();
    const code = await runCli(argv, { host, terminal, signal, assets: ASSETS });
    if (code !== 0) throw { detail: terminal.errors };
    if (streamed.length > 0) return await Deno.readTextFile(file);
    return JSON.parse(terminal.written);
  } finally {
    await Deno.remove(file);
  }
}

/** An input as a person types it, behind the verb. */
function flagsOf({ input: schema }: Operation, input: Input): string[] {
  const { required = [], properties = {}, [TARGET_MARK]: isTargeted } = z.toJSONSchema(schema, {
    io: "input",
  }) as z.core.JSONSchema.JSONSchema & { [TARGET_MARK]?: boolean };
  const isElement = (name: string) => isTargeted === true && name in targetFields;
  const flags = Object.entries(input)
    .filter(([name]) => !required.includes(name) && !isElement(name))
    .flatMap(([name, value]) => {
      assert.ok(name in properties, `no member ${name}`);
      const flag = name.replaceAll("_", "-");
      if (typeof value === "boolean") return [value ? `--${flag}` : `--no-${flag}`];
      return [`--${flag}`, typed(value)];
    });
  const { selector, text, role, role_name = "", ref } = input;
  const target = selector ?? ref ??
    (text === undefined ? `role=${role} ${role_name}` : `text=${text}`);
  const words = required.map((name) => typed(input[name]));
  // Behind two dashes nothing is a flag.
  return [...flags, "--json", "--", "a", ...(isTargeted ? [String(target)] : []), ...words];
}

function typed(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * A host for `--dry-run`: to whoever looks it is a new machine on which nothing of Viper's is, and
 * whoever acts on it only gets the act printed. So a dry run is the real setup's code.
 *
 * @module
 */
import { CommandError, type CommandOutput, type Host } from "../host/host.ts";
import { UNFINISHED } from "./changes/file.ts";
import { RECORD_PATH } from "./record.ts";

/** Commands that only look, and how a new machine answers: exit code and standard error. */
const LOOKS: readonly { words: RegExp; code: number; stderr?: string }[] = [
  { words: /^getent /, code: 2 },
  { words: /^dpkg-query /, code: 1 },
  { words: /^ip .*\bshow\b/, code: 1, stderr: "Device does not exist." },
  { words: /^iptables-save\b/, code: 0 },
  { words: /^systemctl show /, code: 0 },
  { words: /^apt-get --simulate /, code: 100 },
  { words: /^\/bin\/sh -c command -v /, code: 127 },
];

/** Names of variables whose values are not printed. */
const SECRET = /^(\w*(?:KEY|TOKEN|SECRET|PASSWORD)\w*=).*$/gm;

/** Wraps the clock, chance and log of the real host; nothing else of it is used. */
export function freshHost(real: Host, print: (line: string) => void): Host {
  const { clock, random, log, env, isRoot, pid } = real;
  return {
    ...refused(real),
    ...{ clock, random, log, env, isRoot, pid },
    run: (_label, argv, options = {}) => {
      const words = argv.join(" ");
      const look = LOOKS.find((known) => known.words.test(words));
      if (look !== undefined) return answer(look, argv, options.okCodes);
      print(`run    ${argv.map(shellWord).join(" ")}`);
      printText(options.stdin ?? "", print);
      return Promise.resolve(output(0, ""));
    },
    files: { ...refused(real.files), ...freshFiles(print) },
  };
}

/** The same methods, none of which may be called. */
function refused<Api extends object>(real: Api): Api {
  return new Proxy(real, {
    get: (_real, name) => () => {
      throw new Error(`Cannot call ${String(name)} in a dry run`);
    },
  });
}

function answer(
  { code, stderr = "" }: { code: number; stderr?: string },
  argv: readonly string[],
  okCodes: readonly number[] = [0],
): Promise<CommandOutput> {
  if (okCodes.includes(code)) return Promise.resolve(output(code, stderr));
  const message = `${argv[0]} ended with code ${code}`;
  return Promise.reject(new CommandError("failed", message, output(code, stderr)));
}

function output(code: number, stderr: string): CommandOutput {
  return { code, signal: null, stdout: "", stderr };
}

/** What setup uses of files. */
function freshFiles(print: (line: string) => void): Partial<Host["files"]> {
  const unfinished = new Map<string, { text: string; mode: number | undefined }>();
  const isKernels = (path: string) => path.startsWith("/proc/sys/");
  const nothing = () => Promise.resolve();
  const kernelFile = {
    ...{ isFile: true, isDirectory: false, isSymlink: false, isSocket: false },
    ...{ size: 0, mode: 0o644 },
    modifiedAt: new Date(0),
  };
  return {
    stat: (_label, path) => Promise.resolve(isKernels(path) ? kernelFile : null),
    realPath: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
    readText: (_label, path) => Promise.resolve(isKernels(path) ? "0\n" : ""),
    write: (_label, path, data, { mode } = {}) => {
      const text = typeof data === "string" ? data : `(${data.length} bytes)`;
      // The record is written before each change; its text would repeat the lines around it.
      if (path.endsWith(RECORD_PATH + UNFINISHED)) return nothing();
      if (path.endsWith(UNFINISHED)) unfinished.set(path, { text, mode });
      else print(`write  ${path}  ${JSON.stringify(text)}`);
      return nothing();
    },
    rename: (_label, from, to) => {
      const file = unfinished.get(from);
      if (file === undefined) return nothing();
      print(`write  ${to}  (mode ${(file.mode ?? 0o644).toString(8).padStart(4, "0")})`);
      printText(file.text, print);
      return nothing();
    },
  };
}

function printText(text: string, print: (line: string) => void): void {
  const shown = text.replaceAll(SECRET, "$1…");
  for (const line of shown.split("\n").slice(0, -1)) print(`         ${line}`);
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The daemon's settings as a file of systemd's: `NAME="value"` lines. Pure.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=
 *
 * @module
 */

/** Variables in the file's order. */
export type Env = Readonly<Record<string, string>>;

/** Reads what {@linkcode formatEnvFile} writes, and lines that a person put without quotes. */
export function parseEnvFile(text: string): Env {
  const env: Record<string, string> = {};
  for (const [, name = "", raw = ""] of text.matchAll(/^[ \t]*([A-Za-z_]\w*)=(.*)$/gm)) {
    const value = raw.trim();
    const quoted = /^"(.*)"$/.exec(value)?.[1];
    const single = /^'(.*)'$/.exec(value)?.[1];
    env[name] = quoted === undefined ? single ?? value : quoted.replaceAll(/\\(["\\`$])/g, "$1");
  }
  return env;
}

/** @throws {TypeError} on a value that a line cannot hold */
export function formatEnvFile(env: Env): string {
  const lines = Object.entries(env).map(([name, value]) => {
    if (/[\n\r\0]/.test(value)) throw new TypeError(`Cannot write ${name}: it has a line break`);
    return `${name}="${value.replaceAll(/["\\`$]/g, "\\$&")}"`;
  });
  return [
    "# Settings of the daemon, by viper setup. A line may be changed or added by hand; then",
    "# systemctl restart viper-server. Setting up again keeps it.",
    ...lines,
    "",
  ].join("\n");
}

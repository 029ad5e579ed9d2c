/**
 * What the benchmark of snapshots measures, fetched with pinned versions out of npm and Debian: the
 * servers that Viper is held against, and pages that nobody wrote for it. They stand below `dist/`.
 */
import settings from "../../deno.json" with { type: "json" };

const FOLDER = new URL("../../dist/bench/", import.meta.url).pathname;

const NPM_PACKAGES = {
  "@playwright/mcp": settings.imports["@playwright/mcp"],
  "chrome-devtools-mcp": settings.imports["chrome-devtools-mcp"],
  [`node-linux-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`]: "24.21.0",
  "startbootstrap-agency": "7.0.12",
  "startbootstrap-clean-blog": "6.0.9",
  "startbootstrap-sb-admin-2": "4.1.4",
};
const DEBIAN_PACKAGES = {
  "bash-doc": "5.2.15-2",
  "git-doc": "1:2.39.5-0+deb12u3",
  "python3.11-doc": "3.11.2-6+deb12u9",
  "sqlite3-doc": "3.40.1-2+deb12u2",
};

/** Where pages are served from. */
export const PAGES_FOLDER = `${FOLDER}pages`;
const NPM = "npm/node_modules";
const DOC = "debian/usr/share/doc";

/** Ten pages of different kinds: what each is, and where it stands in {@linkcode PAGES_FOLDER}. */
export const PAGES: readonly (readonly [kind: string, path: string])[] = [
  ["long manual (Bash)", `${DOC}/bash/bashref.html`],
  ["manual page (git config)", `${DOC}/git-doc/git-config.html`],
  ["reference of a library (Python's os)", `${DOC}/python3.11/html/library/os.html`],
  ["index of links (Python, letter S)", `${DOC}/python3.11/html/genindex-S.html`],
  ["syntax with diagrams (SQLite SELECT)", `${DOC}/sqlite3/lang_select.html`],
  ["dashboard (SB Admin 2)", `${NPM}/startbootstrap-sb-admin-2/index.html`],
  ["table (SB Admin 2)", `${NPM}/startbootstrap-sb-admin-2/tables.html`],
  ["form (SB Admin 2)", `${NPM}/startbootstrap-sb-admin-2/register.html`],
  ["article (Clean Blog)", `${NPM}/startbootstrap-clean-blog/dist/post.html`],
  ["landing page (Agency)", `${NPM}/startbootstrap-agency/dist/index.html`],
];

/** A server that speaks MCP on its standard input and output. */
export interface Rival {
  readonly name: string;
  /** The command that connects it to the Chrome whose DevTools listen there. */
  command(devtoolsUrl: string): readonly string[];
}

const MODULES = `${PAGES_FOLDER}/${NPM}`;
const NODE = `${MODULES}/${Object.keys(NPM_PACKAGES)[2]}/bin/node`;

export const PLAYWRIGHT: Rival = {
  name: "@playwright/mcp",
  command: (url) => [NODE, `${MODULES}/@playwright/mcp/cli.js`, "--cdp-endpoint", url],
};
export const CHROME_DEVTOOLS: Rival = {
  name: "chrome-devtools-mcp",
  command: (url) => [
    ...[NODE, `${MODULES}/chrome-devtools-mcp/build/src/bin/chrome-devtools-mcp.js`],
    ...["--browserUrl", url, "--no-usage-statistics"],
  ],
};

/** Fetches what is not there yet; needs the network, npm's registry and Debian's archive. */
export async function fetchRivals(note: (text: string) => void): Promise<void> {
  const versions = JSON.stringify([NPM_PACKAGES, DEBIAN_PACKAGES]);
  const stamp = `${FOLDER}fetched.json`;
  if (await Deno.readTextFile(stamp).catch(() => "") === versions) return;
  note("fetching servers and pages");
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {}); // It may not be there.
  await Deno.mkdir(`${PAGES_FOLDER}/npm`, { recursive: true });
  const npm = `${PAGES_FOLDER}/npm`;
  await Deno.writeTextFile(`${npm}/package.json`, JSON.stringify({ dependencies: NPM_PACKAGES }));
  await Deno.writeTextFile(`${npm}/deno.json`, JSON.stringify({ nodeModulesDir: "auto" }));
  await run(npm, Deno.execPath(), "install", "--quiet");
  for (const [name, version] of Object.entries(DEBIAN_PACKAGES)) {
    await run(FOLDER, "apt-get", "download", "-qq", `${name}=${version}`);
  }
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (name.endsWith(".deb")) await run(FOLDER, "dpkg-deb", "-x", name, "pages/debian");
  }
  await Deno.writeTextFile(stamp, versions);
}

async function run(cwd: string, program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, cwd, stdout: "null" })
    .output();
  if (success) return;
  throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

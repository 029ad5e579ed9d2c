/** Which Chrome is started, and how. */
import type { Files, Host } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";

/** Tried in this order. Debian's real executables come before the scripts that wrap them. */
const KNOWN_PATHS = [
  "/headless-shell/headless-shell",
  "/headless-chrome/headless-chrome",
  "/usr/lib/chromium/chromium-headless-shell",
];
const KNOWN_NAMES = [
  "chromium-headless-shell",
  "headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
];
const FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"];

/** The size of a page when nobody asks for another, in CSS pixels. */
export const VIEWPORT = { width: 1280, height: 720 } as const;

/**
 * What every Chrome of Viper is started with, beside its profile folder and what its sandbox needs
 * (`sandbox.ts`).
 */
export const CHROME_FLAGS: readonly string[] = [
  "--headless",
  // Port 0 takes a free port, on loopback: Chrome ignores any other address in headless mode.
  "--remote-debugging-port=0",
  `--window-size=${VIEWPORT.width},${VIEWPORT.height}`,
  "--disable-gpu",
  // A guest's /dev/shm may be small or absent; files in /tmp do the same.
  "--disable-dev-shm-usage",
  "--hide-scrollbars",
  "--mute-audio",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-breakpad",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-quic",
  "--disable-sync",
  "--password-store=basic",
  // Timers and painting go on in a page that is not in front, so that actions on it do not stall.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** The command line for a Chrome with that profile folder and one blank page. */
export function chromeCommand(
  executable: string,
  userDataDir: string,
  extra: readonly string[],
): string[] {
  return [executable, ...CHROME_FLAGS, `--user-data-dir=${userDataDir}`, ...extra, "about:blank"];
}

/**
 * The executable that was asked for; else the first known Chrome that exists.
 *
 * @throws {ViperError} `browser_unavailable` when there is none
 */
export async function findChrome(
  wanted: string | undefined,
  { files }: Pick<Host, "files">,
): Promise<string> {
  if (wanted !== undefined) {
    if (await exists(files, wanted)) return wanted;
    throw new ViperError("browser_unavailable", `Cannot start Chrome: no file "${wanted}"`, {
      hint: "Correct chrome.executable in the instance file, or leave it out",
    });
  }
  const candidates = [
    ...KNOWN_PATHS,
    ...KNOWN_NAMES.flatMap((name) => FOLDERS.map((folder) => `${folder}/${name}`)),
  ];
  for (const path of candidates) {
    if (await exists(files, path)) return path;
  }
  throw new ViperError(
    "browser_unavailable",
    `Cannot find Chrome: none of ${KNOWN_NAMES.join(", ")} is installed`,
    { hint: "Install chromium-headless-shell, or set chrome.executable in the instance file" },
  );
}

/** Of util-linux; busybox has a link of that name that cannot do this. */
const SETPRIV = "/usr/bin/setpriv";

/**
 * Words before a command by which it ends with this process, however that ends: an agent that is
 * killed can end nothing itself. None where the system lacks the means.
 *
 * Source: setpriv(1), PR_SET_PDEATHSIG in prctl(2).
 */
export async function endingWithUs({ files }: Pick<Host, "files">): Promise<string[]> {
  const info = await files.stat("agent.chrome:find_setpriv", SETPRIV);
  return info?.isFile ? [SETPRIV, "--pdeathsig", "KILL", "--"] : [];
}

/**
 * Words before a command by which it is no better protected than others when memory is short; the
 * agent is, in a guest. Chrome itself puts its pages first in line.
 *
 * Source: proc_pid_oom_score_adj(5), which a process hands on to those that it starts.
 */
export async function expendable({ files }: Pick<Host, "files">): Promise<string[]> {
  const own = await files.readText("agent.chrome:oom_score", "/proc/self/oom_score_adj");
  if (Number(own) >= 0) return [];
  return ["/bin/sh", "-c", 'echo 0 >/proc/self/oom_score_adj; exec "$@"', "chrome"];
}

async function exists(files: Files, path: string): Promise<boolean> {
  const info = await files.stat("agent.chrome:find", path);
  return info !== null && !info.isDirectory;
}

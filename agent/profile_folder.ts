/** The folder in which Chrome keeps what it remembers: one for all Chromes of an agent's life. */
import type { Host } from "../host/host.ts";
import type { Instance } from "../protocol/guest.ts";

/** Names the folder of the Chrome that runs ahead of the agent: it has `pid` and `profile/`. */
export const AHEAD_VARIABLE = "VIPER_AGENT_CHROME_AHEAD";

const REMOVE_ATTEMPTS_MAX = 10;
const REMOVE_PAUSE_MS = 50;

/** Chrome's own files that a killed Chrome leaves and that would keep the next from starting. */
const STALE_FILES = ["SingletonLock", "SingletonCookie", "SingletonSocket"];

/** A folder; disposing removes it when it is the agent's own. */
export interface ProfileFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * The folder that the instance names, or that of the Chrome that runs ahead, so that a Chrome which
 * takes its place has its cookies; else a new one.
 */
export async function openProfile(
  settings: Instance["chrome"],
  host: Host,
): Promise<ProfileFolder> {
  // Another executable's profile might not be fit for it.
  const ahead = settings.executable === undefined ? host.env[AHEAD_VARIABLE] : undefined;
  const given = settings.user_data_dir ?? (ahead === undefined ? undefined : `${ahead}/profile`);
  if (given === undefined) {
    const path = await host.files.makeTempDir("agent.chrome:profile_make", "viper-chrome-");
    return { path, [Symbol.asyncDispose]: () => removeFolder(path, host) };
  }
  return { path: given, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Makes the folder where it is missing, and fit for a Chrome after one that was killed. */
export async function unlockProfile(path: string, { files }: Pick<Host, "files">): Promise<void> {
  await files.makeDir("agent.chrome:profile_make", path, 0o700);
  for (const name of STALE_FILES) {
    await files.remove("agent.chrome:profile_unlock", `${path}/${name}`);
  }
}

/** A process of Chrome's that is still ending may write once more, so one try can be too few. */
async function removeFolder(path: string, host: Host): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await host.files.remove("agent.chrome:profile_remove", path);
    } catch (error) {
      if (attempt === REMOVE_ATTEMPTS_MAX) throw error;
      await host.clock.sleep(REMOVE_PAUSE_MS);
    }
  }
}

/** A download's files: our own, what Chrome is still writing, and a DevTools client's. */
import type { Files } from "../../host/host.ts";

/** What Chrome writes to until a file is whole. */
const UNFINISHED = ".crdownload";

/** Where else a download is. */
export interface Kept {
  /** Where a DevTools client had it put. */
  clientPath: string | undefined;
}

/** Has a client's file in our folder, too; the client's stays. */
export async function takeOver(from: string, to: string, files: Files): Promise<void> {
  try {
    await files.link("agent.downloads:link", from, to);
  } catch {
    // On another file system there is no sharing.
    await files.copy("agent.downloads:copy", from, to);
  }
}

/** A client's goes as well: from outside the guest nobody could remove it. */
export async function removeFiles(
  folder: string,
  id: string,
  { clientPath }: Kept,
  files: Files,
): Promise<void> {
  const own = [`${folder}/${id}`, `${folder}/${id}${UNFINISHED}`];
  for (const path of [...own, ...(clientPath === undefined ? [] : [clientPath])]) {
    await files.remove("agent.downloads:remove", path);
  }
}

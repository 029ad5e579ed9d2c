/** Folders of the daemon's, and who else may write there. */
import type { Check, Finding } from "../finding.ts";

const WRITABLE_BY_OTHERS = 0o022;

/** A finding for each folder; one for those that are well. */
export const checkFolders: Check = async ({ host, config, isSetUp }) => {
  const folders = [folderOf(config.dbPath), config.runtimeDir, config.logDir, config.imageDir];
  const wrong: Finding[] = [];
  const right: string[] = [];
  for (const path of new Set(folders)) {
    const real = await host.files.realPath("doctor.folders:resolve", path);
    const info = real === null ? null : await host.files.stat("doctor.folders:stat", real);
    const check = `folder ${path}`;
    if (info === null) {
      const status = isSetUp ? "fail" : "warn";
      wrong.push({ check, status, seen: "it is not there", mend: "viper setup" });
    } else if (!info.isDirectory) {
      wrong.push({ check, status: "fail", seen: "it is no folder", mend: `remove "${path}"` });
    } else if ((info.mode & WRITABLE_BY_OTHERS) !== 0) {
      const seen = `others than its owner may write there: mode ${info.mode.toString(8)}`;
      wrong.push({ check, status: "fail", seen, mend: `chmod go-w ${path}` });
    } else right.push(path);
  }
  if (right.length === 0) return wrong;
  return [{ check: "folders", status: "pass", seen: right.join(", ") }, ...wrong];
};

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** Files that only their owner may read. */
import { adminKeyFile } from "../../server/config.ts";
import type { Check, Finding } from "../finding.ts";
import { ENV_FILE } from "../settings.ts";

const OTHERS = 0o077;

/** Database, keys, settings: there, or yet to be made, and closed to others. */
export const checkSecrets: Check = async ({ host, config }) => {
  const paths = [config.dbPath, adminKeyFile(config.dbPath), ENV_FILE, config.tlsKey];
  const findings: Finding[] = [];
  const closed: string[] = [];
  for (const path of paths) {
    if (path === null) continue;
    const info = await host.files.stat("doctor.secrets:stat", path);
    if (info === null) continue;
    if ((info.mode & OTHERS) === 0) closed.push(path);
    else {
      const seen = `others may use "${path}": mode ${info.mode.toString(8)}`;
      findings.push({ check: "secrets", status: "fail", seen, mend: `chmod 600 ${path}` });
    }
  }
  if (findings.length > 0) return findings;
  const seen = closed.length === 0
    ? "none yet; the daemon makes its key when it first starts"
    : `only their owner may read ${closed.join(", ")}`;
  return [{ check: "secrets", status: "pass", seen }];
};

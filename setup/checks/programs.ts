/** Programs that the daemon calls. */
import { hasProgram, missingPackages } from "../changes/packages.ts";
import type { Check } from "../finding.ts";
import { NEEDS } from "../plan.ts";

/** The programs, and which packet filter iptables writes. */
export const checkPrograms: Check = async ({ host }) => {
  const missing: string[] = [];
  for (const { program } of NEEDS) if (!await hasProgram(host, program)) missing.push(program);
  const check = "programs";
  if (missing.length > 0) {
    const packages = await missingPackages(host, NEEDS);
    return [{
      check,
      status: "fail",
      seen: `not on PATH: ${missing.join(", ")}`,
      mend: `apt-get install --no-install-recommends ${packages.join(" ")}`,
    }];
  }
  const { stdout } = await host.run("doctor.programs:iptables", ["iptables", "--version"]);
  const names = [...new Set(NEEDS.map(({ program }) => program))];
  return [{ check, status: "pass", seen: `${names.join(", ")}; ${stdout.trim()}` }];
};

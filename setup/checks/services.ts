/** systemd's units. */
import { readService } from "../changes/service.ts";
import type { Check, Finding } from "../finding.ts";
import { NETWORK_UNIT, SERVER_UNIT } from "../settings.ts";

/** Enabled and running, where systemd runs the host. */
export const checkServices: Check = async ({ host, isSetUp }) => {
  if (await host.files.stat("doctor.services:systemd", "/run/systemd/system") === null) {
    const seen = "systemd does not run this host; nothing starts the daemon but you";
    return [{ check: "services", status: "warn", seen, mend: "viper serve" }];
  }
  if (!isSetUp) {
    const seen = "none: this host was not set up";
    return [{ check: "services", status: "warn", seen, mend: "viper setup" }];
  }
  const findings: Finding[] = [];
  for (const unit of [NETWORK_UNIT, SERVER_UNIT]) {
    const { enabled, active, needsReload } = await readService(host, unit);
    const check = `service ${unit}`;
    const seen = `${enabled ? "enabled" : "not enabled"}, ${active ? "active" : "not active"}`;
    if (!active) {
      const mend = `systemctl start ${unit}, then systemctl status ${unit}`;
      findings.push({ check, status: "fail", seen, mend });
    } else if (!enabled || needsReload) {
      findings.push({ check, status: "warn", seen, mend: "viper setup" });
    } else findings.push({ check, status: "pass", seen });
  }
  return findings;
};

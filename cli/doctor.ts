import { Command } from "commander";
import { readConfig } from "../server/config.ts";
import { everyRuntime } from "../server/main.ts";
import { examine } from "../setup/doctor.ts";
import type { Finding } from "../setup/finding.ts";
import { ENV_FILE, hostSettings, installedEnv } from "../setup/settings.ts";
import { type CliContext, CliError } from "./context.ts";

/** `viper doctor`: what this host has of what a daemon needs, and what mends the rest. */
export function doctorCommand({ host, terminal, assets }: CliContext): Command {
  return new Command("doctor").description("look whether this host is ready, and what mends it")
    .option("--json", "print the findings as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const isSetUp = await host.files.stat("doctor.settings:look", ENV_FILE) !== null;
      // Only root can read the settings of a setup; others look at what a setup does by itself.
      const config = isSetUp
        ? hostSettings({}, host.env, await installedEnv(host, "").catch(() => ({}))).config
        : readConfig({}, host.env);
      const runtimes = everyRuntime(config, host, assets);
      const findings = await examine({ host, config, isSetUp, runtimes });
      const failed = findings.filter(({ status }) => status === "fail").length;
      if (json) terminal.out(`${JSON.stringify({ ok: failed === 0, findings })}\n`);
      else terminal.out(findings.map(printed).join(""));
      if (failed > 0) throw new CliError(`${failed} of ${findings.length} checks fail`);
    });
}

function printed({ check, status, seen, mend }: Finding): string {
  const line = `${status}  ${check}: ${seen}\n`;
  return mend === undefined ? line : `${line}      mend it: ${mend}\n`;
}

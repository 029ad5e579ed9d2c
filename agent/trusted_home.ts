/**
 * A home for Chrome in which the certificates of the VM's own authorities are trusted. On Linux
 * Chrome takes them, beside those that it brings, from the NSS database below its home:
 * https://chromium.googlesource.com/chromium/src/+/main/docs/linux/cert_management.md
 *
 * @module
 */
import { CommandError, type Host } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";

const CERTUTIL_TIMEOUT_MS = 20_000;

/**
 * Makes the home below Chrome's profile, anew, and trusts these certificates in it.
 *
 * @returns its path
 * @throws {ViperError} `browser_unavailable` where NSS's certutil is missing or refuses one
 */
export async function makeTrustedHome(
  profile: string,
  certificates: readonly string[],
  host: Host,
): Promise<string> {
  const home = `${profile}/viper-home`;
  const folder = `${home}/.pki/nssdb`;
  await host.files.remove("agent.trust:home_remove", home);
  await host.files.makeDir("agent.trust:home", folder, 0o700);
  const database = `sql:${folder}`;
  await certutil(host, ["-N", "--empty-password", "-d", database]);
  for (const [index, certificate] of certificates.entries()) {
    const file = `${home}/${index}.pem`;
    await host.files.write("agent.trust:certificate", file, certificate);
    // C: trusted to sign the certificates of servers.
    const options = ["-d", database, "-n", `viper-${index}`, "-t", "C,,", "-i", file];
    await certutil(host, ["-A", ...options]);
  }
  return home;
}

async function certutil(host: Host, options: readonly string[]): Promise<void> {
  try {
    await host.run("agent.trust:certutil", ["certutil", ...options], {
      timeoutMs: CERTUTIL_TIMEOUT_MS,
    });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const why = cause.output?.stderr.trim() || cause.message;
    throw new ViperError("browser_unavailable", `Cannot trust the VM's certificates: ${why}`, {
      cause,
      ...cause.code === "not_found" ? { hint: "Install the package libnss3-tools" } : {},
    });
  }
}

/**
 * `viper doctor`: every precondition of a daemon on this host, what was seen of it, and what mends
 * it. It looks and changes nothing.
 *
 * @module
 */
import { within } from "../server/runtimes/within.ts";
import { checkCgroups } from "./checks/cgroups.ts";
import { checkClock } from "./checks/clock.ts";
import { checkFolders } from "./checks/folders.ts";
import { checkImage } from "./checks/image.ts";
import { checkNetwork } from "./checks/network.ts";
import { checkPorts } from "./checks/ports.ts";
import { checkPrograms } from "./checks/programs.ts";
import { checkRuntimes } from "./checks/runtimes.ts";
import { checkSecrets } from "./checks/secrets.ts";
import { checkServices } from "./checks/services.ts";
import { checkRoom } from "./checks/room.ts";
import { checkUserNumbers } from "./checks/user_numbers.ts";
import type { Check, Finding, Patient } from "./finding.ts";

/** How long one check may take, in milliseconds: a big image is read to its end. */
const CHECK_TIMEOUT_MS = 60_000;

const CHECKS: Readonly<Record<string, Check>> = {
  runtimes: checkRuntimes,
  programs: checkPrograms,
  network: checkNetwork,
  cgroups: checkCgroups,
  image: checkImage,
  folders: checkFolders,
  secrets: checkSecrets,
  users: checkUserNumbers,
  room: checkRoom,
  ports: checkPorts,
  services: checkServices,
  clock: checkClock,
};

/** Runs every check, each within its bound; never throws. */
export async function examine(patient: Patient): Promise<Finding[]> {
  const findings = Object.entries(CHECKS).map(async ([name, check]): Promise<Finding[]> => {
    const late = () => new Error(`it took longer than ${CHECK_TIMEOUT_MS / 1_000} s`);
    try {
      return await within(patient.host.clock, CHECK_TIMEOUT_MS, check(patient), late);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const mend = patient.host.isRoot ? {} : { mend: "sudo viper doctor" };
      return [{ check: name, status: "warn", seen: `cannot be looked at: ${reason}`, ...mend }];
    }
  });
  return (await Promise.all(findings)).flat();
}

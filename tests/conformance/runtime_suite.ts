/**
 * What every runtime promises, tried on real processes. A member says how to make a machine of its
 * kind; the suite is the same for all. Waits are on a state, with a bound.
 */
import { ADOPT_CHECKS } from "./adopt_checks.ts";
import { CONFINEMENT_CHECKS } from "./confinement_checks.ts";
import { END_CHECKS } from "./end_checks.ts";
import { LIFE_CHECKS } from "./life_checks.ts";
import { makeRig, type SuiteMember } from "./rig.ts";

const CHECKS = { ...LIFE_CHECKS, ...ADOPT_CHECKS, ...END_CHECKS, ...CONFINEMENT_CHECKS };

/** Registers one test a promise for the member. */
export function runtimeSuite(member: SuiteMember): void {
  if (member.skip !== null) console.log(`runtime ${member.name} is skipped: ${member.skip}`);
  for (const [name, check] of Object.entries(CHECKS)) {
    Deno.test({
      name: `runtime ${member.name}: ${name}`,
      ignore: member.skip !== null,
      fn: async () => {
        await using rig = await makeRig(member);
        await check(rig, member);
      },
    });
  }
}

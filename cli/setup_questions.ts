/** What `viper setup` asks a person. */
import { confirm, isCancel, text } from "@clack/prompts";
import { VARIABLES } from "../server/settings.ts";
import type { Env } from "../setup/env_file.ts";
import { firstAddress, hostSettings } from "../setup/settings.ts";

/** Settings that hosts differ in most, in the order in which they are asked for. */
const QUESTIONS = {
  listen: "Address of the API",
  bridge: "Bridge of the VMs",
  subnet: "Addresses of the VMs",
  hostIp: "The host's address on the bridge",
} as const;
type Asked = keyof typeof QUESTIONS;
type Answers = Partial<Record<Asked, string>>;

/** What is known before anything is asked: variables, and the settings of an earlier setup. */
export interface KnownSettings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly installed: Env;
}

/** Asks for what no flag said, then whether to begin. `null` when the person would rather not. */
export async function askForSettings(
  flags: Readonly<Answers>,
  known: KnownSettings,
): Promise<Answers | null> {
  const answers: Answers = {};
  for (const [name, message] of Object.entries(QUESTIONS) as [Asked, string][]) {
    if (flags[name] !== undefined) continue;
    const answer = await text({
      message,
      initialValue: suggestion(name, { ...flags, ...answers }, known),
      validate: (value) => problemWith(name, { ...flags, ...answers, [name]: value ?? "" }, known),
    });
    if (isCancel(answer)) return null;
    answers[name] = answer;
  }
  return await askWhether("Set up this host?") ? answers : null;
}

/** Yes or no; to cancel is no. */
export async function askWhether(message: string): Promise<boolean> {
  return await confirm({ message }) === true;
}

/** What is set already; in another subnet the host's address is its first. */
export function suggestion(name: Asked, said: Answers, known: KnownSettings): string {
  const { variables, installed } = known;
  const { env } = hostSettings({}, variables, installed);
  const subnet = said.subnet;
  if (name === "hostIp" && subnet !== undefined && subnet !== env[VARIABLES.subnet]) {
    return firstAddress(subnet);
  }
  return env[VARIABLES[name]] ?? "";
}

/** Why the daemon would refuse the answer; `undefined` when it would not. */
export function problemWith(name: Asked, said: Answers, known: KnownSettings): string | undefined {
  try {
    // The host's address comes after the subnet, and is judged then.
    const { hostIp, ...others } = said;
    const first = said.subnet === undefined ? {} : { hostIp: firstAddress(said.subnet) };
    const address = name === "hostIp" && hostIp !== undefined ? { hostIp } : first;
    hostSettings({ ...asked(others), ...address }, known.variables, known.installed);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The flags may hold more than is asked for. */
function asked(said: Answers): Answers {
  const names = (Object.keys(QUESTIONS) as Asked[]).filter((name) => said[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, said[name]]));
}

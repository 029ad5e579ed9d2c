/** What `viper setup` asks a person. */
import { confirm, isCancel, text } from "@clack/prompts";
import { VARIABLES } from "../server/config.ts";
import { hostSettings } from "../setup/settings.ts";

/** Settings that hosts differ in most, and how they are asked for. */
const QUESTIONS = {
  listen: "Address of the API",
  bridge: "Bridge of the VMs",
  subnet: "Addresses of the VMs",
  hostIp: "The host's address on the bridge",
} as const;
type Asked = keyof typeof QUESTIONS;

/** Asks for what no flag said, then whether to begin. `null` when the person would rather not. */
export async function askForSettings(
  flags: Readonly<Partial<Record<Asked, string>>>,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Partial<Record<Asked, string>> | null> {
  const answers: Partial<Record<Asked, string>> = {};
  for (const [name, message] of Object.entries(QUESTIONS) as [Asked, string][]) {
    if (flags[name] !== undefined) continue;
    const known = { ...definedOf(flags), ...answers };
    const initialValue = hostSettings({}, variables, {}).env[VARIABLES[name]] ?? "";
    const answer = await text({
      message,
      initialValue,
      validate: (value) => problemWith({ ...known, [name]: value ?? "" }, name, variables),
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

/** Why the daemon would refuse the settings. The subnet is judged with the address that follows. */
function problemWith(
  flags: Readonly<Partial<Record<Asked, string>>>,
  name: Asked,
  variables: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (name === "subnet") return undefined;
  try {
    hostSettings(flags, variables, {});
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function definedOf(
  flags: Readonly<Partial<Record<Asked, string>>>,
): Partial<Record<Asked, string>> {
  const names = (Object.keys(QUESTIONS) as Asked[]).filter((name) => flags[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, flags[name]]));
}

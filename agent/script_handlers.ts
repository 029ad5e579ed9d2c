import type { Host } from "../host/host.ts";
import type { Handlers } from "../protocol/operation.ts";
import { ViperError } from "../protocol/problems.ts";
import type { scriptOperations } from "../protocol/scripts.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import type { SupervisedBrowser } from "./browser.ts";
import { runScript } from "./script/run_script.ts";

/** Scripts that run at a time; each is a process. */
export const SCRIPTS_MAX = 4;

/** What scripts need of the agent. */
export interface ScriptHandlerParts {
  readonly browser: SupervisedBrowser;
  readonly host: Host;
  /** Starts a script process. */
  readonly command: readonly string[];
}

/** The operation that runs scripts; `drive` makes handlers that answer dialogs by themselves. */
export function scriptHandlers(
  drive: HandlerOf,
  { browser, host, command }: ScriptHandlerParts,
): Handlers<typeof scriptOperations, Call> {
  let running = 0;
  return {
    scriptRun: drive(() => "run the script", async (input, context) => {
      const { action } = context.deadline;
      if (running >= SCRIPTS_MAX) {
        throw new ViperError(
          "script_limit_reached",
          `Cannot ${action}: ${SCRIPTS_MAX} scripts run already`,
        );
      }
      const devtoolsUrl = browser.answer?.devtoolsUrl;
      if (devtoolsUrl === undefined) {
        throw new ViperError("browser_unavailable", `Cannot ${action}: Chrome is not ready`);
      }
      running++;
      try {
        return await runScript(input, context, { host, command, devtoolsUrl });
      } finally {
        running--;
      }
    }),
  };
}

/**
 * Goal: Playwright cannot tell a VM's Chrome from one of its own. Method: each task runs on a
 * Chrome that is reached directly and on one through the daemon, and the results are equal.
 */
import { compareWays } from "./both_ways.ts";
import { PLAYWRIGHT_TASKS, playwrightTasks } from "./playwright_tasks.ts";

const TASK_TIMEOUT_MS = 20_000;

compareWays(
  "Playwright does the same through Viper as directly",
  Object.keys(PLAYWRIGHT_TASKS),
  playwrightTasks(TASK_TIMEOUT_MS),
);

/**
 * Goal: Puppeteer cannot tell a VM's Chrome from one of its own. Method: each task runs on a
 * Chrome that is reached directly and on one through the daemon, and the results are equal.
 */
import { compareWays } from "./both_ways.ts";
import { PUPPETEER_TASKS, puppeteerTasks } from "./puppeteer_tasks.ts";

const TASK_TIMEOUT_MS = 20_000;
const PROTOCOL_TIMEOUT_MS = 60_000;

compareWays(
  "Puppeteer does the same through Viper as directly",
  Object.keys(PUPPETEER_TASKS),
  puppeteerTasks(TASK_TIMEOUT_MS, PROTOCOL_TIMEOUT_MS),
);

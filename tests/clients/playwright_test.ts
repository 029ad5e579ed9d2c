/**
 * Goal: Playwright cannot tell a VM's Chrome from one of its own. Method: each task runs on a
 * Chrome that is reached directly and on one through the daemon, and the results are equal.
 */
import { chromium } from "playwright-core";
import { compareWays } from "./both_ways.ts";
import { PLAYWRIGHT_TASKS } from "./playwright_tasks.ts";

const TASK_TIMEOUT_MS = 20_000;

compareWays(
  "Playwright does the same through Viper as directly",
  Object.keys(PLAYWRIGHT_TASKS),
  async (title, { url, headers }, site) => {
    const connect = () => chromium.connectOverCDP(url, { headers });
    const browser = await connect();
    try {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(TASK_TIMEOUT_MS);
      const done = await PLAYWRIGHT_TASKS[title]!({ browser, context, page, site, connect });
      await context.close();
      return done;
    } finally {
      await browser.close();
    }
  },
);

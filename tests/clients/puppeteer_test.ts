/**
 * Goal: Puppeteer cannot tell a VM's Chrome from one of its own. Method: each task runs on a
 * Chrome that is reached directly and on one through the daemon, and the results are equal.
 */
import puppeteer from "puppeteer-core";
import { compareWays } from "./both_ways.ts";
import { PUPPETEER_TASKS } from "./puppeteer_tasks.ts";

const TASK_TIMEOUT_MS = 20_000;
const PROTOCOL_TIMEOUT_MS = 60_000;

compareWays(
  "Puppeteer does the same through Viper as directly",
  Object.keys(PUPPETEER_TASKS),
  async (title, { url: browserURL, headers }, site) => {
    const connect = () =>
      puppeteer.connect({ browserURL, headers, protocolTimeout: PROTOCOL_TIMEOUT_MS });
    const browser = await connect();
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(TASK_TIMEOUT_MS);
      const done = await PUPPETEER_TASKS[title]!({ browser, page, site, connect, headers });
      await page.close();
      return done;
    } finally {
      await browser.disconnect();
    }
  },
);

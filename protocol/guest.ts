/** What daemon and guest say to each other beside browser operations. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { viewport } from "./vm_settings.ts";

/** Where the agent of a VM listens, inside the guest. */
export const AGENT_PORT = 8080;

/** Below it the agent serves what Chrome's DevTools serve. */
export const DEVTOOLS_PREFIX = "/v1/devtools";
/** `POST` opens the port for DevTools' WebSockets, if need be, and answers with it. */
export const DEVTOOLS_DOOR_PATH = "/v1/devtools/door";
/** Where the agent takes DevTools' WebSockets. */
export const devtoolsDoor = z.object({ port: z.int().min(1).max(65535) });

/** A proxy that asks for a password, and the password. */
export const proxyAccess = z.strictObject({
  server: z.string(),
  username: z.string(),
  password: z.string(),
});
/** A proxy that asks for a password, and the password. */
export type ProxyAccess = z.infer<typeof proxyAccess>;

/**
 * The file that a VM is born with: the daemon writes it, the agent reads it. It holds a secret,
 * so it never stands on a command line and has mode 0600.
 */
export const instance = z.strictObject({
  vm_id: z.string(),
  name: z.string(),
  /** 256 random bits in hex, known to the daemon and this VM only: requests both ways are signed with it. */
  token: z.string().min(32),
  /** Where the agent serves. Port 0 takes a free one, which the announce then tells. */
  listen: z.strictObject({ hostname: z.string(), port: z.int().min(0).max(65535) }),
  /** The daemon's guest-facing listener, such as `http://192.168.127.1:7778`. */
  daemon_url: z.url(),
  /** Variables of the agent and its Chrome. */
  environment: z.record(z.string(), z.string()).default({}),
  chrome: z.strictObject({
    /** Left out: the first known executable that exists. */
    executable: z.string().optional(),
    /** A folder of its own; left out: a new temporary one. */
    user_data_dir: z.string().optional(),
    /** Added after Viper's own flags. */
    args: z.array(z.string()).default([]),
    /** Of each new page; left out: the agent's own. */
    viewport: viewport.optional(),
    /** Of authorities that Chrome trusts beside its own, as PEM; left out: none. */
    ca_certificates: z.array(z.string()).min(1).optional(),
    /** Left out: no proxy, or one that asks for none, which stands among the flags. */
    proxy: proxyAccess.optional(),
  }).prefault({}),
});
/** The file that a VM is born with. */
export type Instance = z.output<typeof instance>;

/** Whether the guest's own Chrome, started ahead of the agent with its flags alone, is not enough. */
export function needsPreparedChrome({ ca_certificates, proxy }: Instance["chrome"]): boolean {
  return ca_certificates !== undefined || proxy !== undefined;
}

/** Characters of the words for a Chrome's end. */
export const BROWSER_ENDED_LENGTH_MAX = 500;

const ownId = z.string().max(64).describe("Id of the VM that says it");

export const guestAnnounce = operation({
  name: "guest.announce",
  summary: "Say that the agent and its browser are ready, or that the browser came back",
  http: { method: "POST", path: "/guest/v1/announce", status: 200 },
  input: z.strictObject({
    vm_id: ownId,
    agent_version: z.string().max(64).describe("Version of the agent"),
    browser_version: z.string().max(256).describe("Version of its Chrome"),
    port: z.int().min(1).max(65535).describe("The port that the agent really listens on"),
    browser_restarts: z.int().min(0)
      .describe("How often Chrome had to be started again since the agent's start"),
    browser_ended: z.string().max(BROWSER_ENDED_LENGTH_MAX).optional()
      .describe("Why it had to be the last time"),
    ready_ms: z.int().min(0).describe("Milliseconds from the agent's start to ready"),
  }),
  output: z.object({ status: z.literal("ok") }),
  errors: ["unauthorized", "signature_stale"],
});

/** Characters of a line of a log; what is longer is cut. */
export const LOG_LINE_LENGTH_MAX = 4_000;
/** Lines that an agent sends at once. */
export const LOG_BATCH_LINES_MAX = 200;

/** A line that a guest wrote. */
export const guestLine = z.strictObject({
  stream: z.enum(["agent", "browser"]).describe("Who wrote it"),
  line: z.string().max(LOG_LINE_LENGTH_MAX).describe("What was written"),
  timestamp: z.iso.datetime().describe("When it was"),
});
/** A line that a guest wrote. */
export type GuestLine = z.infer<typeof guestLine>;

export const guestLogs = operation({
  name: "guest.logs",
  summary: "Hand over what agent and browser wrote, in its order",
  http: { method: "POST", path: "/guest/v1/logs", status: 200 },
  input: z.strictObject({
    vm_id: ownId,
    lines: z.array(guestLine).max(LOG_BATCH_LINES_MAX).describe("The lines, in their order"),
    dropped: z.int().min(0).describe("Lines after these that the agent had no room for"),
  }),
  output: z.object({ status: z.literal("ok") }),
  errors: ["unauthorized", "signature_stale"],
});

/** Characters of a crashed page's URL; what is longer is cut. */
export const PAGE_URL_LENGTH_MAX = 2_000;

export const pageCrashReason = z.enum(["out_of_memory", "crashed"])
  .describe("out_of_memory: the guest's kernel ended the page, since there was no memory left");
/** Why a page crashed. */
export type PageCrashReason = z.infer<typeof pageCrashReason>;

export const guestPageCrashed = operation({
  name: "guest.page_crashed",
  summary: "Say that a page of the browser has crashed",
  http: { method: "POST", path: "/guest/v1/page-crashed", status: 200 },
  input: z.strictObject({
    vm_id: ownId,
    page: z.string().max(64).describe("Id of the page"),
    url: z.string().max(PAGE_URL_LENGTH_MAX).describe("Where the page was"),
    reason: pageCrashReason,
  }),
  output: z.object({ status: z.literal("ok") }),
  errors: ["unauthorized", "signature_stale"],
});

export const agentHealth = operation({
  name: "agent.health",
  summary: "Say how agent and browser are",
  http: { method: "GET", path: "/healthz", status: 200 },
  input: z.strictObject({}),
  output: z.object({
    status: z.enum(["ok", "starting"]),
    uptime: z.number().describe("Seconds since the agent's start"),
    version: z.string(),
    browser_version: z.string().optional(),
    browser_restarts: z.int(),
    browser_uid: z.int().optional().describe("As whom Chrome runs"),
    browser_sandbox: z.enum(["on", "off"]).optional().describe(
      "Whether Chrome's own sandbox shuts its pages in; absent as long as there is none to look at",
    ),
    mem_total_mb: z.int().describe("Memory of the machine that the agent runs on"),
    mem_available_mb: z.int().describe("What the kernel could still give out"),
  }),
  errors: [],
});

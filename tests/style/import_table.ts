/**
 * Which part of the house may import which. A part is a folder or a single file; the longest
 * entry that fits a path is its part. Files of one part may import each other.
 *
 * @module
 */

/** What one part may import. */
export interface Part {
  /** Folders (ending in a slash) and files of the project. */
  readonly files: readonly string[];
  /** Packages by the name in deno.json, and `node:` modules that only compute. */
  readonly packages: readonly string[];
}

const PROTOCOL = "protocol/";
/** The interface; its implementations are named only where a program is put together. */
const HOST = "host/host.ts";

const everything: Part = { files: [""], packages: [""] };

/** The table of `docs/architecture.md`. */
export const IMPORT_TABLE: Readonly<Record<string, Part>> = {
  "main.ts": { files: ["cli/", "host/"], packages: [] },

  "host/": { files: [], packages: ["node:"] },
  "protocol/": { files: [HOST], packages: ["zod", "node:crypto"] },
  "protocol/http_server.ts": { files: [PROTOCOL, HOST], packages: ["zod", "hono"] },

  "protocol/bytes_view.ts": { files: [PROTOCOL], packages: ["hono"] },
  "protocol/media_type.ts": { files: [], packages: ["hono"] },

  "cli/": {
    files: [
      ...[
        PROTOCOL,
        HOST,
        "host/terminal.ts",
        "host/json_log.ts",
        "host/pretty_log.ts",
        "images/",
        "setup/",
        "tui/",
      ],
      ...["server/main.ts", "server/config.ts", "server/settings.ts", "server/front/"],
    ],
    packages: ["zod", "commander", "@commander-js/extra-typings", "@clack/prompts"],
  },
  "tui/": { files: [PROTOCOL, HOST], packages: [] },
  "setup/": {
    files: [
      ...[PROTOCOL, HOST, "server/config.ts", "server/settings.ts"],
      ...["server/network/", "server/runtimes/"],
    ],
    packages: ["zod"],
  },
  "images/": { files: [PROTOCOL, HOST], packages: ["zod", "node:crypto"] },
  "init/": { files: [], packages: [] },
  "web/": { files: [PROTOCOL], packages: [] },

  "agent/": {
    files: [PROTOCOL, HOST],
    packages: ["zod", "puppeteer-core", "node:crypto"],
  },
  "agent/page_libraries.ts": {
    files: [],
    packages: ["turndown", "@joplin/turndown-plugin-gfm", "@mozilla/readability"],
  },
  "agent/script/": {
    files: ["agent/", PROTOCOL, HOST],
    packages: ["zod", "puppeteer-core", "node:util"],
  },
  "agent/http_app.ts": { files: ["agent/", PROTOCOL, HOST], packages: ["hono"] },
  "agent/main.ts": { files: ["agent/", PROTOCOL, "host/"], packages: [] },

  "server/main.ts": { files: ["server/", PROTOCOL, HOST], packages: ["hono"] },
  "server/api_listeners.ts": {
    files: [
      "server/api/auth/",
      "server/keys/",
      "server/listen.ts",
      "server/config.ts",
      "server/settings.ts",
      HOST,
      "server/front/",
    ],
    packages: ["hono"],
  },
  "server/front/": { files: [PROTOCOL, HOST], packages: [] },
  "server/audit.ts": { files: ["server/store/", PROTOCOL, HOST], packages: [] },
  "server/keys/": { files: ["server/store/", PROTOCOL, HOST], packages: ["node:crypto"] },
  "server/profiles/": { files: ["server/store/", "server/vms/", PROTOCOL, HOST], packages: [] },
  "server/listen.ts": { files: ["server/runtimes/within.ts", HOST], packages: ["hono"] },
  "server/state.ts": {
    files: ["server/store/", "server/config.ts", HOST],
    packages: ["node:crypto"],
  },
  "server/ground.ts": {
    files: [
      ...["server/runtimes/", "server/network/", "server/vms/"],
      ...["server/config.ts", "server/host_size.ts", PROTOCOL, HOST],
    ],
    packages: [],
  },
  "server/open_fleet.ts": {
    files: [
      ...["server/ground.ts", "server/network_watch.ts", "server/state.ts", "server/store/"],
      ...["server/vms/", "server/events/", "server/network/", "server/config.ts", PROTOCOL, HOST],
    ],
    packages: [],
  },
  "server/figures.ts": {
    files: [
      ...["server/metrics/", "server/ground.ts", "server/state.ts", "server/vms/"],
      ...["server/events/", "server/network/", "server/config.ts", PROTOCOL, HOST],
    ],
    packages: [],
  },
  "server/host_size.ts": { files: [HOST], packages: [] },
  "server/network_watch.ts": { files: ["server/network/", "server/vms/", HOST], packages: [] },
  "server/config.ts": { files: ["server/settings.ts", PROTOCOL, HOST], packages: ["zod"] },
  "server/settings.ts": { files: [], packages: [] },
  "server/system_status.ts": { files: ["server/vms/", PROTOCOL, HOST], packages: [] },
  "server/api/": {
    files: [
      ...["server/handlers.ts", "server/vms/", "server/browser/", "server/events/"],
      "server/front/",
      ...["server/config.ts", "server/system_status.ts", "server/keys/", "server/audit.ts"],
      ...["server/logs/", "server/metrics/", "server/profiles/", PROTOCOL, HOST],
    ],
    packages: ["zod", "hono", "node:crypto"],
  },
  "server/api/auth/": {
    files: ["server/keys/", "server/config.ts", PROTOCOL, HOST],
    packages: ["node:net"],
  },
  "server/handlers.ts": {
    files: [
      ...["server/vms/", "server/browser/", "server/system_status.ts", "server/config.ts"],
      ...["server/keys/", "server/profiles/", "server/audit.ts", PROTOCOL, HOST],
    ],
    packages: [],
  },
  "server/browser/": {
    files: ["server/vms/", "server/events/", "server/config.ts", PROTOCOL, HOST],
    packages: ["zod"],
  },
  "server/vms/": {
    files: [
      ...["server/runtimes/", "server/network/", "server/store/", "server/events/"],
      ...["server/logs/log_files.ts"],
      ...["server/config.ts", PROTOCOL, HOST],
    ],
    packages: ["zod", "node:crypto"],
  },
  "server/logs/": { files: ["server/events/", PROTOCOL, HOST], packages: [] },
  "server/metrics/": {
    files: ["server/vms/", "server/store/", PROTOCOL, HOST],
    packages: [],
  },
  "server/metrics/prom_client.ts": { files: [], packages: ["prom-client"] },
  "server/events/": { files: ["server/store/", PROTOCOL, HOST], packages: ["zod"] },
  "server/runtimes/": { files: [PROTOCOL, HOST], packages: ["zod"] },
  "server/network/": { files: [PROTOCOL, HOST], packages: ["zod", "node:crypto"] },
  "server/store/": { files: [PROTOCOL, HOST], packages: ["zod", "node:sqlite"] },

  "build/": everything,
  "tests/": everything,
};

/**
 * The one place where puppeteer's code is loaded; everything else uses its types only.
 *
 * Its inner modules are named on purpose: the package's entry pulls in Node's file, HTTP and TLS
 * modules and WebDriver BiDi, which more than doubles the time until the agent's first statement.
 * The version is pinned, and the functional tests go through here.
 *
 * @module
 */
import type { Browser, Connection as PublicConnection, Target } from "puppeteer-core";
import type { CdpTarget } from "puppeteer-core/internal/cdp/Target.js";
import { _connectToCdpBrowser } from "puppeteer-core/internal/cdp/BrowserConnector.js";
import { Connection } from "puppeteer-core/internal/cdp/Connection.js";
import { createIncrementalIdGenerator } from "puppeteer-core/internal/util/incremental-id-generator.js";
import { ACTION_TIMEOUT_MS_MAX } from "../protocol/browser.ts";
import type { Host } from "../host/host.ts";
import { ASIDE_URL } from "./aside_url.ts";
import { withBodyLimits } from "./body_limits.ts";
import { openDevtoolsSocket } from "./devtools_socket.ts";

/** No single command may take longer than the longest action. */
const PROTOCOL_TIMEOUT_MS = ACTION_TIMEOUT_MS_MAX;

const noLog = () => undefined;

/** Another connection to the same Chrome, of which puppeteer's browser knows nothing. */
export async function connectBeside(
  url: string,
  host: Host,
  signal: AbortSignal,
): Promise<PublicConnection> {
  const transport = await openDevtoolsSocket(url, host, signal);
  const send = transport.send.bind(transport);
  transport.send = (message) => send(withBodyLimits(message));
  const ids = createIncrementalIdGenerator();
  const connection = new Connection(url, transport, 0, PROTOCOL_TIMEOUT_MS, false, ids, noLog);
  return connection as unknown as PublicConnection;
}

/**
 * Connects to a Chrome that listens on `url` (`ws://127.0.0.1:…/devtools/browser/…`).
 *
 * `onTarget` is called for each target before it is let run: what is sent to its session in that
 * turn comes before anything that it does.
 */
export async function connectDevtools(
  url: string,
  host: Host,
  onTarget: (target: Target) => void,
  signal: AbortSignal,
  context?: string,
): Promise<Browser> {
  // Left out, that of Chrome's first page. Others are DevTools clients' own, and are let alone.
  let ownContext = context;
  const transport = await openDevtoolsSocket(url, host, signal);
  const send = transport.send.bind(transport);
  transport.send = (message) => send(withBodyLimits(message));
  try {
    const browser = await _connectToCdpBrowser(
      transport,
      url,
      {
        // Given to each page that is ours, since one override takes the place of another's.
        defaultViewport: null,
        protocolTimeout: PROTOCOL_TIMEOUT_MS,
        issuesEnabled: false,
        targetFilter: (target) => {
          const { browserContextId } = (target as unknown as CdpTarget)._getTargetInfo();
          ownContext ??= browserContextId;
          if (browserContextId !== ownContext || target.url() === ASIDE_URL) return false;
          onTarget(target as unknown as Target);
          return true;
        },
      },
      noLog,
    );
    return browser as unknown as Browser;
  } catch (error) {
    transport.close();
    throw error;
  }
}

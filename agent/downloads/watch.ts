/** Has one Chrome put downloads into our folder, and tell of them. */
import type { Browser } from "puppeteer-core";
import type { Log } from "../../host/host.ts";
import type { Downloads } from "./downloads.ts";

/** A Chrome whose downloads are told of. */
export interface DownloadWatch {
  /**
   * Sends downloads to our folder again. A client that sets where they go takes that with it when
   * it leaves, and then Chrome refuses them all.
   */
  claim(): void;
}

/**
 * Source: https://chromedevtools.github.io/devtools-protocol/tot/Browser/#method-setDownloadBehavior
 *
 * @param pageOf the page that a frame belongs to
 */
export async function watchDownloads(
  browser: Browser,
  downloads: Downloads,
  pageOf: (frameId: string) => string | undefined,
  log: Log,
): Promise<DownloadWatch> {
  const cdp = await browser.target().createCDPSession();
  const ignore = () => {}; // Chrome may be gone, or the download over.
  const cancel = async (guid: string, frameId: string) => {
    // Of a DevTools client's own context Chrome wants to hear the name.
    const { targetInfos } = await cdp.send("Target.getTargets");
    const { browserContextId } = targetInfos.find(({ targetId }) => targetId === frameId) ?? {};
    const context = browserContextId === undefined ? {} : { browserContextId };
    await cdp.send("Browser.cancelDownload", { guid, ...context });
  };
  cdp.on("Browser.downloadWillBegin", (beginning) => {
    const { guid, frameId } = beginning;
    const end = () => void cancel(guid, frameId).catch(ignore);
    downloads.begin(beginning, pageOf(frameId), end);
  });
  cdp.on("Browser.downloadProgress", (progress) => {
    downloads.progress(progress).catch((error) =>
      log("warn", "A download cannot be followed", { id: progress.guid, error })
    );
  });
  const downloadPath = await downloads.folder();
  const claim = () =>
    cdp.send("Browser.setDownloadBehavior", {
      ...{ behavior: "allowAndName", downloadPath, eventsEnabled: true },
    });
  await claim();
  return { claim: () => void claim().catch(ignore) };
}

import type { browserScreenshot } from "../../protocol/look.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";

const WAITING_FOR = "Chrome to draw the page";

/** Takes a picture of what the viewport shows, or of the whole page. */
export async function screenshot(
  { full_page, format, quality }: ParsedOf<typeof browserScreenshot>,
  { cdp, deadline, clock }: ActionContext,
): Promise<OutputOf<typeof browserScreenshot>> {
  const area = full_page ? await wholePage({ cdp, deadline }) : {};
  const { data } = await deadline.race(
    WAITING_FOR,
    cdp.send("Page.captureScreenshot", {
      format,
      ...(format === "jpeg" ? { quality } : {}),
      ...area,
    }),
  );
  return {
    data,
    format,
    full_page,
    byte_length: data.length / 4 * 3 - (/=*$/.exec(data)?.[0].length ?? 0),
    captured_at: clock.now().toISOString(),
  };
}

async function wholePage({ cdp, deadline }: Pick<ActionContext, "cdp" | "deadline">) {
  const { cssContentSize: { width, height } } = await deadline.race(
    WAITING_FOR,
    cdp.send("Page.getLayoutMetrics"),
  );
  return { captureBeyondViewport: true, clip: { x: 0, y: 0, width, height, scale: 1 } };
}

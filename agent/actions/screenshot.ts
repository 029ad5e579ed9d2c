/// <reference lib="dom" />
import type { CDPSession } from "puppeteer-core";
import {
  type browserScreenshot,
  PICTURE_PIXELS_MAX,
  type PictureFormat,
} from "../../protocol/capture.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { callInDocument } from "../world.ts";
import { type Area, areaOf } from "./picture_area.ts";
import { assertFits } from "./result_size.ts";

const WAITING_FOR = "Chrome to draw the page";

/**
 * Pixels of a side; beyond, Chrome answers with no picture at all. JPEG's are libjpeg's, WebP's
 * the format's own; Chrome 156 draws PNGs of any height.
 */
const SIDE_MAX: Readonly<Record<PictureFormat, number>> = {
  png: PICTURE_PIXELS_MAX,
  jpeg: 65_500,
  webp: 16_383,
};

/** Takes a picture of what the viewport shows, the whole page, an element or a part of the page. */
export async function screenshot(
  input: ParsedOf<typeof browserScreenshot>,
  context: ActionContext,
): Promise<OutputOf<typeof browserScreenshot>> {
  const { cdp, deadline, clock } = context;
  const { format, full_page } = input;
  const area = await areaOf(input, context, cdp);
  const { ratio, zoom } = await callInDocument(context, describeScreen);
  const scale = input.scale ?? ratio * zoom;
  // So Chrome rounds, too.
  const pixels = (length: number) => Math.max(1, Math.round(length * scale));
  const size = { width: pixels(area.clip.width), height: pixels(area.clip.height) };
  assertDrawable(size, format, deadline.action);
  const data = await draw({ ...input, area, scale: scale / ratio }, context, cdp);
  const byte_length = data.length / 4 * 3 - (/=*$/.exec(data)?.[0].length ?? 0);
  assertFits(byte_length, deadline.action);
  const captured_at = clock.now().toISOString();
  return { data, format, full_page, ...size, byte_length, captured_at };
}

/** Runs in the page: pixels a CSS pixel, and how large a phone shows the page, to fit its width. */
function describeScreen() {
  return { ratio: devicePixelRatio, zoom: visualViewport?.scale ?? 1 };
}

function assertDrawable(
  { width, height }: { readonly width: number; readonly height: number },
  format: PictureFormat,
  action: string,
): void {
  const sideMax = SIDE_MAX[format];
  const fits = width * height <= PICTURE_PIXELS_MAX && width <= sideMax && height <= sideMax;
  if (fits) return;
  const limit = width * height > PICTURE_PIXELS_MAX
    ? `${PICTURE_PIXELS_MAX} pixels`
    : `${sideMax} pixels a side as ${format}`;
  throw new ViperError(
    "result_too_large",
    `Cannot ${action}: it would have ${width} by ${height} pixels, and may have ${limit}`,
    { hint: "Take parts of the page with clip, a smaller scale, or another format" },
  );
}

/** What a picture is drawn of, and how. */
interface Drawing {
  readonly area: Area;
  /** Beside the screen's own. */
  readonly scale: number;
  readonly format: PictureFormat;
  readonly quality: number;
  readonly omit_background: boolean;
}

async function draw(
  { area, scale, format, quality, omit_background }: Drawing,
  { deadline }: ActionContext,
  cdp: CDPSession,
): Promise<string> {
  await using undo = new AsyncDisposableStack();
  if (omit_background) {
    const clear = { color: { r: 0, g: 0, b: 0, a: 0 } };
    const override = (to: object) => cdp.send("Emulation.setDefaultBackgroundColorOverride", to);
    undo.defer(() => void override({}).catch(() => {})); // The page may be gone.
    await deadline.race(WAITING_FOR, override(clear));
  }
  const { data } = await deadline.race(
    WAITING_FOR,
    cdp.send("Page.captureScreenshot", {
      format,
      ...(format === "png" ? {} : { quality }),
      clip: { ...area.clip, scale },
      captureBeyondViewport: area.isBeyondViewport,
    }),
  );
  return data;
}

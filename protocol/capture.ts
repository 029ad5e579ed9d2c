/** Pages as files. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { maybeTargeted, namesElement, type Target, TARGET_ERRORS } from "./target.ts";

/** Pixels of a picture; Chrome needs some 20 bytes for each while it draws. */
export const PICTURE_PIXELS_MAX = 32 * 1024 * 1024;
/** CSS pixels that a clip may begin or reach from. */
const CLIP_MAX = 10_000_000;

const pictureFormat = z.enum(["png", "jpeg", "webp"]);
/** What a picture may be. */
export type PictureFormat = z.output<typeof pictureFormat>;

/** A part of the page, in CSS pixels from its upper left corner. */
const clip = z.strictObject({
  x: z.number().min(0).max(CLIP_MAX),
  y: z.number().min(0).max(CLIP_MAX),
  width: z.number().gt(0).max(CLIP_MAX),
  height: z.number().gt(0).max(CLIP_MAX),
});
/** A part of the page, in CSS pixels from its upper left corner. */
export type Clip = z.output<typeof clip>;

export const browserScreenshot = operation({
  name: "browser.screenshot",
  summary: "Take a picture of what the viewport shows, the whole page, an element or a part of it",
  http: { method: "POST", path: "/v1/browser/screenshot", status: 200 },
  input: maybeTargeted({
    /** The whole page instead of what the viewport shows. */
    full_page: z.boolean().default(false),
    clip: clip.optional(),
    format: pictureFormat.default("png"),
    /** Of a JPEG or WebP, 1 to 100; a PNG has none. */
    quality: z.int().min(1).max(100).default(90),
    /** Pixels of the picture per CSS pixel; those of the page's screen when left out. */
    scale: z.number().min(0.1).max(8).optional(),
    /** Transparent where the page paints nothing, instead of white. */
    omit_background: z.boolean().default(false),
  }).refine((input) => areas(input) <= 1, {
    path: ["full_page"],
    message: "a picture is of one of full_page, clip, and an element",
  }).refine(({ format, omit_background }) => !omit_background || format !== "jpeg", {
    path: ["omit_background"],
    message: "a JPEG cannot be transparent",
  }),
  output: z.object({
    /** The image, base64. */
    data: z.string(),
    format: pictureFormat,
    full_page: z.boolean(),
    /** In pixels. */
    width: z.int(),
    height: z.int(),
    byte_length: z.int(),
    captured_at: z.iso.datetime(),
  }),
  bytes: {
    member: "data",
    mediaType: { png: "image/png", jpeg: "image/jpeg", webp: "image/webp" },
  },
  errors: [
    ...[
      "not_acceptable",
      "element_not_actionable",
      "clip_outside_page",
      "result_too_large",
    ] as const,
    ...TARGET_ERRORS,
  ],
});

function areas(input: { full_page: boolean; clip?: unknown } & Target): number {
  const named = [input.full_page, input.clip !== undefined, namesElement(input)];
  return named.filter(Boolean).length;
}

/** Pages as files; served by the agent. */
export const captureOperations = { screenshot: browserScreenshot } as const;

/** Pages as files. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { actionFields } from "./browser.ts";
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

/** Characters of the HTML above or below each page of a PDF. */
export const PDF_TEMPLATE_LENGTH_MAX = 100_000;

/** A length on paper: a number with its unit. */
const paperLength = z.string().regex(
  /^\d{1,5}(\.\d{1,4})?(px|in|cm|mm)$/,
  "a length is a number with px, in, cm or mm, such as 12mm",
);

const template = z.string().max(PDF_TEMPLATE_LENGTH_MAX).optional();

const paperFormat = z.enum([
  ...["letter", "legal", "tabloid", "ledger"] as const,
  ...["a0", "a1", "a2", "a3", "a4", "a5", "a6"] as const,
]);
/** A usual size of paper. */
export type PaperFormat = z.output<typeof paperFormat>;

export const browserPdf = operation({
  name: "browser.pdf",
  summary: "Print the page as a PDF",
  http: { method: "POST", path: "/v1/browser/pdf", status: 200 },
  input: z.strictObject({
    format: paperFormat.default("letter"),
    /** Paper of another size, instead of a format. */
    width: paperLength.optional(),
    height: paperLength.optional(),
    landscape: z.boolean().default(false),
    /** Take the size that the page's own CSS names, when it does. */
    prefer_css_page_size: z.boolean().default(false),
    margin: z.strictObject({
      top: paperLength.default("1cm"),
      right: paperLength.default("1cm"),
      bottom: paperLength.default("1cm"),
      left: paperLength.default("1cm"),
    }).prefault({}),
    scale: z.number().min(0.1).max(2).default(1),
    print_background: z.boolean().default(false),
    /** Such as `1-5, 8`; all when left out. */
    page_ranges: z.string().max(1_000).regex(
      /^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$/,
      "page ranges are numbers and pairs with commas, such as 1-5, 8",
    ).optional(),
    /**
     * HTML above each page and below it; elements of the classes date, title, url, pageNumber and
     * totalPages are filled in. The page's own styles do not apply, so it needs a font size.
     */
    header: template,
    footer: template,
    ...actionFields,
  }).refine(({ width, height }) => (width === undefined) === (height === undefined), {
    path: ["width"],
    message: "paper has a width and a height",
  }),
  output: z.object({
    /** The document, base64. */
    data: z.string(),
    byte_length: z.int(),
    captured_at: z.iso.datetime(),
  }),
  bytes: { member: "data", mediaType: "application/pdf" },
  errors: [
    ...["not_acceptable", "not_printable", "result_too_large"] as const,
    ...["page_not_found", "dialog_open", "timeout", "browser_unavailable"] as const,
  ],
});

/** Pages as files; served by the agent. */
export const captureOperations = { screenshot: browserScreenshot, pdf: browserPdf } as const;

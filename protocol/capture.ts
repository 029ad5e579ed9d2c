/** Pages as files. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { actionFields, PAGE_ERRORS } from "./browser.ts";
import { maybeTargeted, namesElement, type Target, TARGET_ERRORS } from "./target.ts";

/** Pixels of a picture; Chrome needs some 20 bytes for each while it draws. */
export const PICTURE_PIXELS_MAX = 32 * 1024 * 1024;
/** CSS pixels that a clip may begin or reach from. */
const CLIP_MAX = 10_000_000;

const pictureFormat = z.enum(["png", "jpeg", "webp"]);
/** What a picture may be. */
export type PictureFormat = z.output<typeof pictureFormat>;

const clip = z.strictObject({
  x: z.number().min(0).max(CLIP_MAX).describe("CSS pixels from the page's left edge"),
  y: z.number().min(0).max(CLIP_MAX).describe("CSS pixels from the page's upper edge"),
  width: z.number().gt(0).max(CLIP_MAX).describe("CSS pixels to the right"),
  height: z.number().gt(0).max(CLIP_MAX).describe("CSS pixels downwards"),
}).describe("A part of the page, in CSS pixels from its upper left corner");
/** A part of the page, in CSS pixels from its upper left corner. */
export type Clip = z.output<typeof clip>;

export const browserScreenshot = operation({
  name: "browser.screenshot",
  summary: "Take a picture of what the viewport shows, the whole page, an element or a part of it",
  http: { method: "POST", path: "/v1/browser/screenshot", status: 200 },
  input: maybeTargeted({
    full_page: z.boolean().default(false)
      .describe("The whole page instead of what the viewport shows"),
    clip: clip.optional(),
    format: pictureFormat.default("png").describe("Kind of picture"),
    quality: z.int().min(1).max(100).default(90)
      .describe("How good a JPEG or WebP is to be; a PNG has no quality"),
    scale: z.number().min(0.1).max(8).optional()
      .describe("Pixels of the picture per CSS pixel; left out: those of the page's screen"),
    omit_background: z.boolean().default(false)
      .describe("Transparent where the page paints nothing, instead of white; not for a JPEG"),
  }).refine((input) => areas(input) <= 1, {
    path: ["full_page"],
    message: "a picture is of one of full_page, clip, and an element",
  }).refine(({ format, omit_background }) => !omit_background || format !== "jpeg", {
    path: ["omit_background"],
    message: "a JPEG cannot be transparent",
  }),
  output: z.object({
    data: z.string().describe("The picture in base64"),
    format: pictureFormat,
    full_page: z.boolean(),
    width: z.int().describe("In pixels of the picture"),
    height: z.int().describe("In pixels of the picture"),
    byte_length: z.int().describe("Bytes of the picture"),
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
/** The page's own styles do not apply to a template. */
const TEMPLATE_WORDS =
  "it needs a font size, and elements of the classes date, title, url, pageNumber and totalPages are filled in";

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
    format: paperFormat.default("letter").describe("Size of the paper"),
    width: paperLength.optional()
      .describe("Width of paper of another size, in px, in, cm or mm, such as 12cm; with a height"),
    height: paperLength.optional()
      .describe("Height of paper of another size, in px, in, cm or mm; with a width"),
    landscape: z.boolean().default(false).describe("Paper that is wider than high"),
    prefer_css_page_size: z.boolean().default(false)
      .describe("Take the size that the page's own CSS names, when it does"),
    margin: z.strictObject({
      top: paperLength.default("1cm").describe("In px, in, cm or mm"),
      right: paperLength.default("1cm").describe("In px, in, cm or mm"),
      bottom: paperLength.default("1cm").describe("In px, in, cm or mm"),
      left: paperLength.default("1cm").describe("In px, in, cm or mm"),
    }).prefault({}).describe("What is left free at the edges of the paper"),
    scale: z.number().min(0.1).max(2).default(1)
      .describe("Factor by which the page is enlarged"),
    print_background: z.boolean().default(false).describe("Backgrounds of elements, too"),
    page_ranges: z.string().max(1_000).regex(
      /^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$/,
      "page ranges are numbers and pairs with commas, such as 1-5, 8",
    ).optional().describe("Pages of the PDF, such as 1-5, 8; left out: all"),
    header: template.describe(`HTML above each page; ${TEMPLATE_WORDS}`),
    footer: template.describe(`HTML below each page; ${TEMPLATE_WORDS}`),
    ...actionFields,
  }).refine(({ width, height }) => (width === undefined) === (height === undefined), {
    path: ["width"],
    message: "paper has a width and a height",
  }),
  output: z.object({
    data: z.string().describe("The document in base64"),
    byte_length: z.int().describe("Bytes of the document"),
    captured_at: z.iso.datetime(),
  }),
  bytes: { member: "data", mediaType: "application/pdf" },
  errors: [
    ...["not_acceptable", "not_printable", "result_too_large"] as const,
    "dialog_open",
    ...PAGE_ERRORS,
  ],
});

/** Pages as files; served by the agent. */
export const captureOperations = { screenshot: browserScreenshot, pdf: browserPdf } as const;

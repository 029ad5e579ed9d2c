import type { CDPSession, Protocol } from "puppeteer-core";
import type { browserPdf, PaperFormat } from "../../protocol/capture.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { readStream } from "./read_stream.ts";

const WAITING_FOR = "Chrome to print the page";
/** What Chrome draws where a template is left out; else it would draw its own. */
const NOTHING = "<span></span>";

const MM_PER_INCH = 25.4;

/** Width and height in inches; the As are ISO 216's. */
const PAPER: Readonly<Record<PaperFormat, readonly [number, number]>> = {
  letter: [8.5, 11],
  legal: [8.5, 14],
  tabloid: [11, 17],
  ledger: [17, 11],
  a0: [841 / MM_PER_INCH, 1189 / MM_PER_INCH],
  a1: [594 / MM_PER_INCH, 841 / MM_PER_INCH],
  a2: [420 / MM_PER_INCH, 594 / MM_PER_INCH],
  a3: [297 / MM_PER_INCH, 420 / MM_PER_INCH],
  a4: [210 / MM_PER_INCH, 297 / MM_PER_INCH],
  a5: [148 / MM_PER_INCH, 210 / MM_PER_INCH],
  a6: [105 / MM_PER_INCH, 148 / MM_PER_INCH],
};
const PER_INCH: Readonly<Record<string, number>> = { px: 96, in: 1, cm: 2.54, mm: MM_PER_INCH };

/** Prints the page; it is laid out for paper, whatever its viewport. */
export async function pdf(
  input: ParsedOf<typeof browserPdf>,
  { cdp, deadline, clock }: ActionContext,
): Promise<OutputOf<typeof browserPdf>> {
  const stream = await print(input, cdp, deadline);
  try {
    const bytes = await readStream(stream, cdp, "the printed page", deadline);
    const captured_at = clock.now().toISOString();
    return { data: bytes.toBase64(), byte_length: bytes.length, captured_at };
  } finally {
    cdp.send("IO.close", { handle: stream }).catch(() => {}); // The page may be gone.
  }
}

async function print(
  input: ParsedOf<typeof browserPdf>,
  cdp: CDPSession,
  deadline: ActionContext["deadline"],
): Promise<Protocol.IO.StreamHandle> {
  try {
    const { stream } = await deadline.race(
      WAITING_FOR,
      cdp.send("Page.printToPDF", wordsOf(input)),
    );
    if (stream === undefined) throw new Error("Chrome printed to no stream");
    return stream;
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    // Chrome refuses pages that there are not, and margins that leave no room.
    const reason = error instanceof Error ? error.message.replace(/^Protocol error .*?: /, "") : "";
    throw new ViperError(
      "not_printable",
      `Cannot ${deadline.action}: ${reason.replace(/\.$/, "")}`,
      {
        cause: error,
      },
    );
  }
}

/** https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-printToPDF */
function wordsOf(input: ParsedOf<typeof browserPdf>): Protocol.Page.PrintToPDFRequest {
  const { format, width, height, margin, header, footer } = input;
  const [paperWidth, paperHeight] = width === undefined || height === undefined
    ? PAPER[format]
    : [inches(width), inches(height)];
  return {
    ...{ paperWidth, paperHeight, landscape: input.landscape, scale: input.scale },
    preferCSSPageSize: input.prefer_css_page_size,
    printBackground: input.print_background,
    pageRanges: input.page_ranges ?? "",
    marginTop: inches(margin.top),
    marginRight: inches(margin.right),
    marginBottom: inches(margin.bottom),
    marginLeft: inches(margin.left),
    displayHeaderFooter: header !== undefined || footer !== undefined,
    headerTemplate: header ?? NOTHING,
    footerTemplate: footer ?? NOTHING,
    generateTaggedPDF: true,
    transferMode: "ReturnAsStream",
  };
}

function inches(length: string): number {
  const unit = length.slice(-2);
  return Number(length.slice(0, -2)) / (PER_INCH[unit] ?? 1);
}

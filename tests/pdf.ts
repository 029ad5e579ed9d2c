/** Reads a PDF far enough to see its pages and what colours are painted on them. */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";

/** What is known of a document. */
export interface Document {
  /** Width and height of each page, in points (1/72 inch), rounded. */
  readonly pages: readonly (readonly [number, number])[];
  /** Whether something is filled with that colour on some page. */
  paints(red: number, green: number, blue: number): boolean;
}

/** @throws {Error} for what is no PDF; objects are looked for as Chrome writes them */
export function decodePdf(bytes: Uint8Array): Document {
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.startsWith("%PDF-")) throw new Error("Not a PDF");
  const boxes = text.matchAll(/\/Type \/Page\n[^]*?\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g);
  const pages = [...boxes].map(([, width, height]) =>
    [Math.round(Number(width)), Math.round(Number(height))] as const
  );
  const drawn = [...streams(text)].join("\n");
  const fills = [...drawn.matchAll(/([\d.]+) ([\d.]+) ([\d.]+) rg\b/g)].map((fill) =>
    fill.slice(1).map((part) => Math.round(Number(part) * 255)).join()
  );
  return { pages, paints: (...colour) => fills.includes(colour.join()) };
}

/** The contents of compressed streams, fonts and pictures among them. */
function* streams(text: string): Iterable<string> {
  for (const match of text.matchAll(/\/FlateDecode[^]*?>>\s*stream\r?\n/g)) {
    const from = match.index + match[0].length;
    const data = text.slice(from, text.indexOf("endstream", from));
    yield inflateSync(Buffer.from(data, "latin1")).toString("latin1");
  }
}

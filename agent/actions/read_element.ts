/// <reference lib="dom" />
/**
 * Reading elements inside the page: each function is sent as text and stands by itself.
 *
 * @module
 */
import { plain } from "../plain.ts";
import type { Look } from "./in_page.ts";

/** A text too long to be sent is told by its length. */
export type Text = { readonly text: string } | { readonly tooLong: number };

/** The element's text: as rendered, or all of it. */
export function textOf(element: Element, rendered: boolean, lengthMax: number): Look<Text> {
  const text = rendered && element instanceof HTMLElement
    ? plain(element).innerText
    : plain(element).textContent ?? "";
  const fits = text.length <= lengthMax;
  return { state: "found", value: fits ? { text } : { tooLong: text.length } };
}

/** The element's outer HTML; of the root element the whole page's, with its document type. */
export function htmlOf(element: Element, wholePage: boolean, lengthMax: number): Look<Text> {
  const doctype = wholePage && document.doctype !== null
    ? new XMLSerializer().serializeToString(document.doctype)
    : "";
  const text = doctype + plain(element).outerHTML;
  const fits = text.length <= lengthMax;
  return { state: "found", value: fits ? { text } : { tooLong: text.length } };
}

/** An attribute as the document has it; `null` where there is none. */
export function attributeOf(element: Element, name: string, lengthMax: number): Look<Text | null> {
  const text = plain(element).getAttribute(name);
  if (text === null) return { state: "found", value: null };
  return {
    state: "found",
    value: text.length <= lengthMax ? { text } : { tooLong: text.length },
  };
}

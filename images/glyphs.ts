/** Whether a browser has glyphs for the writings that people expect. */

/** A writing and characters of it; each must have a glyph. */
export const WRITINGS: Readonly<Record<string, string>> = {
  Latin: "Aéßř",
  Greek: "Ωλ",
  Cyrillic: "Жї",
  Chinese: "汉漢",
  Japanese: "ひカ",
  Korean: "한글",
  Arabic: "شع",
  Hebrew: "אש",
  Devanagari: "कह",
  Thai: "กฮ",
  emoji: "😀🚀",
};

/** In no font of an image, so that it looks as everything looks that has no glyph. */
const ABSENT = "\u{10fffe}";

/**
 * An expression for a page: names of those of `writings` with a character that has no glyph. Such a
 * character is drawn as any other without a glyph is.
 */
export function missingGlyphs(writings: Readonly<Record<string, string>> = WRITINGS): string {
  return `(() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 48;
    const pen = canvas.getContext("2d");
    const drawn = (character) => {
      pen.clearRect(0, 0, 48, 48);
      pen.font = "32px sans-serif";
      pen.fillText(character, 4, 36);
      return canvas.toDataURL();
    };
    const absent = [drawn(""), drawn(${JSON.stringify(ABSENT)})];
    return Object.entries(${JSON.stringify(writings)})
      .filter(([, characters]) => [...characters].some((one) => absent.includes(drawn(one))))
      .map(([name]) => name);
  })()`;
}

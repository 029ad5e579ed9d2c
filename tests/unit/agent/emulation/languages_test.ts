/** Goal: Chrome is told languages as it wants them. Method: a table of headers. */
import assert from "node:assert/strict";
import { bareLanguages } from "../../../../agent/emulation/languages.ts";

const HEADERS: readonly [header: string, languages: string][] = [
  ["de-DE,de", "de-DE,de"],
  ["de-DE,de;q=0.9,en;q=0.8", "de-DE,de,en"],
  ["en;q=0.5, fr ; q=0.9 ,de", "de,fr,en"],
  ["fr, *;q=0.1, en;q=0", "fr"],
  ["de;q=high,fr", "fr"],
  [",", ""],
  ["*", ""],
];

for (const [header, languages] of HEADERS) {
  Deno.test(`bareLanguages() makes "${languages}" of "${header}"`, () => {
    assert.equal(bareLanguages(header), languages);
  });
}

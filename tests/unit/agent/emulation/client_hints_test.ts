/** Goal: client hints tell of the same browser as the user agent. Method: a table of user agents. */
import assert from "node:assert/strict";
import { clientHintsOf } from "../../../../agent/emulation/client_hints.ts";

const SUFFIX = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.1.2";

const HINTS: readonly [title: string, userAgent: string, expected: Record<string, unknown>][] = [
  [
    "Chrome on Linux",
    `Mozilla/5.0 (X11; Linux x86_64) ${SUFFIX} Safari/537.36`,
    { platform: "Linux", mobile: false, model: "", architecture: "x86" },
  ],
  [
    "Chrome on Windows",
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${SUFFIX} Safari/537.36`,
    { platform: "Windows", mobile: false },
  ],
  [
    "Chrome on macOS",
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SUFFIX} Safari/537.36`,
    { platform: "macOS", mobile: false },
  ],
  [
    "Chrome on a phone",
    `Mozilla/5.0 (Linux; Android 14; Pixel 8) ${SUFFIX} Mobile Safari/537.36`,
    { platform: "Android", platformVersion: "14", model: "Pixel 8", mobile: true, bitness: "" },
  ],
  [
    "Chrome on a tablet",
    `Mozilla/5.0 (Linux; Android 13; SM-X906C) ${SUFFIX} Safari/537.36`,
    { platform: "Android", model: "SM-X906C", mobile: false },
  ],
  [
    "Chrome on ChromeOS",
    `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${SUFFIX} Safari/537.36`,
    { platform: "Chrome OS" },
  ],
];

for (const [title, userAgent, expected] of HINTS) {
  Deno.test(`clientHintsOf() tells of ${title}`, () => {
    const hints = clientHintsOf(userAgent);
    assert.ok(hints !== undefined);
    assert.deepEqual({ ...hints, ...expected }, hints);
    assert.ok(
      hints.brands?.some(({ brand, version }) => brand === "Google Chrome" && version === "150"),
    );
    assert.ok(hints.fullVersionList?.some(({ version }) => version === "150.0.1.2"));
  });
}

Deno.test("clientHintsOf() names Edge with its own version", () => {
  const hints = clientHintsOf(
    `Mozilla/5.0 (Windows NT 10.0) ${SUFFIX} Safari/537.36 Edg/149.0.3.4`,
  );
  const brands = hints?.brands?.map(({ brand, version }) => `${brand} ${version}`);
  assert.deepEqual(brands?.slice(0, 2), ["Chromium 150", "Microsoft Edge 149"]);
});

for (const userAgent of ["Me/1", "", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"]) {
  Deno.test(`clientHintsOf() has none for "${userAgent}"`, () => {
    assert.equal(clientHintsOf(userAgent), undefined);
  });
}

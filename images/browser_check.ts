/** Proof that the browser of a trimmed root still starts, and can write what people read. */
import { CommandError } from "../host/host.ts";
import type { ImageFlavour } from "../protocol/images.ts";
import { ViperError } from "../protocol/problems.ts";
import { missingGlyphs } from "./glyphs.ts";
import { type Bench, sandboxedScript, scriptFailure } from "./sandbox.ts";

/** Where each flavour's browser lies in the root. */
export const BROWSER_PATH: Readonly<Record<ImageFlavour, string>> = {
  "headless-shell": "/usr/lib/chromium/chromium-headless-shell",
  chromium: "/usr/lib/chromium/chromium",
};

/**
 * $1: the root, $2: the browser, $3: a page. Prints the browser's version and the words that the
 * page puts into its title.
 */
const CHECK = `
mount -t proc proc "$1/proc"
mount -t tmpfs tmp "$1/tmp"
mount -t tmpfs dev "$1/dev"
mkdir "$1/dev/shm"
for node in null zero random urandom; do
  : >"$1/dev/$node"
  mount --bind "/dev/$node" "$1/dev/$node"
done
browser() { timeout 60 env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" "\${@:2}"; }
browser "$1" "$2" --version
printf '%s' "$3" >"$1/tmp/page.html"
browser "$1" "$2" --headless --no-sandbox --disable-gpu --user-data-dir=/tmp/check --dump-dom \\
  file:///tmp/page.html | grep -o '<title>.*</title>'
`;

const PAGE = `<!doctype html><meta charset="utf-8"><title>nothing</title><script>
document.title = "missing: " + ${missingGlyphs()}.join(", ") + ".";
</script>`;

/**
 * Starts the browser inside the root, with no network.
 *
 * @returns its version, such as `156.0.8078.79`
 * @throws {ViperError} `image_build_failed` when it does not start, does not run a page's script, or
 * lacks the glyphs of a writing
 */
export async function checkBrowser(
  bench: Bench,
  root: string,
  flavour: ImageFlavour,
): Promise<string> {
  try {
    const { stdout } = await sandboxedScript(
      bench,
      "browser_check",
      CHECK,
      { network: false },
      root,
      BROWSER_PATH[flavour],
      PAGE,
    );
    const missing = /<title>missing: (.*)\.<\/title>/.exec(stdout)?.[1];
    if (missing !== "") {
      throw new ViperError(
        "image_build_failed",
        `Cannot build the image: its browser has no glyphs for ${missing ?? "a page at all"}`,
      );
    }
    const version = /\d+(\.\d+)+/.exec(stdout)?.[0];
    if (version !== undefined) return version;
    throw new ViperError(
      "image_build_failed",
      "Cannot build the image: its browser has no version",
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new ViperError(
      "image_build_failed",
      `Cannot build the image: its browser does not start: ${scriptFailure(error)}`,
      { cause: error },
    );
  }
}

/**
 * Bundles made small. `deno bundle --minify` has an esbuild that takes `using` for `const` and puts
 * what is used once where it is used, so that nobody disposes of it
 * (https://github.com/evanw/esbuild/issues/4482). Hence a second pass, by one that is mended.
 *
 * @module
 */
import { stop, transform } from "esbuild";

/** The same module with fewer bytes. */
export async function minified(code: string): Promise<string> {
  const small = await transform(code, {
    ...{ minify: true, format: "esm", target: "esnext" },
    ...{ charset: "utf8", legalComments: "none" },
  });
  return small.code;
}

/** Minifies every module of the folder in place, and not those below it. */
export async function minifyFolder(folder: string): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(".js")) continue;
      const path = `${folder}/${name}`;
      await Deno.writeTextFile(path, await minified(await Deno.readTextFile(path)));
    }
  } finally {
    await stop();
  }
}

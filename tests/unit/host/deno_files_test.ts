/** Files for real, as far as they do more than to pass a call on. */
import assert from "node:assert/strict";
import { denoFiles as files } from "../../../host/deno_files.ts";

const L = "test:files";

function inTempDir(body: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await files.makeTempDir(L, "viper-files-");
    try {
      await body(folder);
    } finally {
      await files.remove(L, folder);
    }
  };
}

Deno.test(
  "lock() is for one holder, and free again once disposed",
  inTempDir(async (folder) => {
    const first = await files.lock(L, `${folder}/lock`);
    assert.ok(first !== null);
    assert.equal(await files.lock(L, `${folder}/lock`), null);
    first[Symbol.dispose]();
    const again = await files.lock(L, `${folder}/lock`);
    assert.ok(again !== null);
    again[Symbol.dispose]();
  }),
);

Deno.test(
  "lock() of a process that was killed is free again",
  inTempDir(async (folder) => {
    const child = new Deno.Command("flock", {
      args: [`${folder}/lock`, "sh", "-c", "echo $$; exec sleep 20"],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value: pid } = await reader.read();
    assert.equal(await files.lock(L, `${folder}/lock`), null);
    // flock(1) ends with the command that it holds the lock for.
    Deno.kill(Number(new TextDecoder().decode(pid)), "SIGKILL");
    await child.status;
    await reader.cancel();
    const lock = await files.lock(L, `${folder}/lock`);
    assert.ok(lock !== null);
    lock[Symbol.dispose]();
  }),
);

Deno.test(
  "write() sets the mode whatever the umask and whether or not the file exists",
  inTempDir(async (folder) => {
    const path = `${folder}/file`;
    await files.write(L, path, "one", { mode: 0o666 });
    assert.equal((await files.stat(L, path))?.mode, 0o666);
    await files.write(L, path, "two", { mode: 0o600, append: true });
    assert.equal((await files.stat(L, path))?.mode, 0o600);
    assert.equal(await files.readText(L, path), "onetwo");
    await assert.rejects(files.write(L, path, "three", { createNew: true }), { code: "EEXIST" });
  }),
);

Deno.test(
  "sync() takes files and folders that can only be read, and says what is not there",
  inTempDir(async (folder) => {
    const path = `${folder}/file`;
    await files.write(L, path, "one", { mode: 0o400 });
    await files.sync(L, path);
    await files.sync(L, folder);
    await assert.rejects(files.sync(L, `${folder}/none`), { code: "ENOENT" });
  }),
);

Deno.test(
  "what is missing is null to stat(), empty to list() and fine to remove()",
  inTempDir(async (folder) => {
    assert.equal(await files.stat(L, `${folder}/none`), null);
    assert.deepEqual(await files.list(L, `${folder}/none`), []);
    await files.remove(L, `${folder}/none`);
    await assert.rejects(files.readText(L, `${folder}/none`), { code: "ENOENT" });
  }),
);

Deno.test(
  "stat() does not follow a link, and remove() spares what it points at",
  inTempDir(async (folder) => {
    await files.makeDir(L, `${folder}/kept/deep`, 0o700);
    await files.symlink(L, `${folder}/kept`, `${folder}/link`);
    assert.equal((await files.stat(L, `${folder}/link`))?.isSymlink, true);
    await files.remove(L, `${folder}/link`);
    assert.deepEqual(await files.list(L, folder), ["kept"]);
    assert.equal((await files.stat(L, `${folder}/kept/deep`))?.mode, 0o700);
  }),
);

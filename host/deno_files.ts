import type { FileInfo, Files } from "./host.ts";

/** Files as the machine has them. Labels are for the tests' hosts; the real one ignores them. */
export const denoFiles: Files = {
  read: (_label, path) => Deno.readFile(path),
  readText: (_label, path) => Deno.readTextFile(path),
  write: async (_label, path, data, options = {}) => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    await Deno.writeFile(path, bytes, options);
    // The mode of writeFile is cut by the umask and ignored for a file that exists.
    if (options.mode !== undefined) await Deno.chmod(path, options.mode);
  },
  sync: async (_label, path) => {
    using file = await Deno.open(path);
    await file.sync();
  },
  copy: (_label, from, to) => Deno.copyFile(from, to),
  link: (_label, existing, created) => Deno.link(existing, created),
  symlink: (_label, target, created) => Deno.symlink(target, created),
  rename: (_label, from, to) => Deno.rename(from, to),
  remove: async (_label, path) => {
    await Deno.remove(path, { recursive: true }).catch(ignoreNotFound);
  },
  removeDir: async (_label, path) => {
    await Deno.remove(path).catch(ignoreNotFound);
  },
  makeDir: async (_label, path, mode) => {
    await Deno.mkdir(path, { recursive: true, ...(mode === undefined ? {} : { mode }) });
  },
  makeTempDir: (_label, prefix) => Deno.makeTempDir({ prefix }),
  chmod: (_label, path, mode) => Deno.chmod(path, mode),
  chown: (_label, path, uid, gid) => Deno.chown(path, uid, gid),
  realPath: (_label, path) => Deno.realPath(path).catch((error) => (ignoreNotFound(error), null)),
  stat: (_label, path) => Deno.lstat(path).then(fileInfo, (error) => (ignoreNotFound(error), null)),
  lock: async (_label, path) => {
    const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
    if (!await file.tryLock(true)) {
      file.close();
      return null;
    }
    return {
      [Symbol.dispose]: () => {
        // A child that is just being started shares the open file until it becomes its program.
        file.unlockSync();
        file.close();
      },
    };
  },
  readFrom: async (_label, path, offset, bytesMax) => {
    using file = await Deno.open(path);
    await file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(bytesMax);
    return bytes.subarray(0, await file.read(bytes) ?? 0);
  },
  watch: async (_label, path, onChange) => {
    const watcher = Deno.watchFs(path, { recursive: false });
    const follow = async () => {
      for await (const _event of watcher) onChange();
    };
    const following = follow();
    await Promise.resolve();
    return {
      [Symbol.dispose]: () => {
        watcher.close();
        // What ends the iteration has no reader any more.
        following.catch(() => {});
      },
    };
  },
  list: async (_label, path) => {
    const names: string[] = [];
    try {
      for await (const entry of Deno.readDir(path)) names.push(entry.name);
    } catch (error) {
      ignoreNotFound(error);
    }
    return names.sort();
  },
};

function fileInfo(info: Deno.FileInfo): FileInfo {
  return {
    isFile: info.isFile,
    isDirectory: info.isDirectory,
    isSymlink: info.isSymlink,
    isSocket: info.isSocket === true,
    size: info.size,
    mode: (info.mode ?? 0) & 0o7777,
    modifiedAt: info.mtime ?? new Date(0),
  };
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** A file of lines that is never larger than its bound; the one before it is kept. */
import type { Host } from "../../host/host.ts";

/** Bytes of a log's file that start a new one; the one before is kept, older ones are not. */
export const LOG_FILE_BYTES_MAX = 1024 * 1024;

/** Lines in a file, the newest last. */
export class LineFile {
  constructor(
    private readonly path: string,
    private readonly host: Pick<Host, "files">,
  ) {}

  /** Appends lines; the file is made with mode 0600. */
  async append(lines: readonly string[]): Promise<void> {
    const { files } = this.host;
    const info = await files.stat("logs.append:stat", this.path);
    if ((info?.size ?? 0) >= LOG_FILE_BYTES_MAX) {
      await files.rename("logs.append:keep", this.path, `${this.path}.1`);
    }
    const text = lines.map((line) => `${line}\n`).join("");
    await files.write("logs.append:write", this.path, text, { append: true, mode: 0o600 });
  }

  /** The last lines, `count` at most. */
  async tail(count: number): Promise<string[]> {
    const lines: string[] = [];
    for (const path of [`${this.path}.1`, this.path]) {
      const info = await this.host.files.stat("logs.tail:stat", path);
      if (info === null) continue;
      const text = await this.host.files.readText("logs.tail:read", path);
      lines.push(...text.split("\n").slice(0, -1));
    }
    return lines.slice(Math.max(0, lines.length - count));
  }
}

/** The guest image. */
import { CommandError } from "../../host/host.ts";
import { IMAGE_FILES, imageManifest } from "../../protocol/images.ts";
import { VERSION } from "../../protocol/version.ts";
import type { Check } from "../finding.ts";

/** Less than the bound of a check, so that the command is ended with it. */
const CHECKSUMS_TIMEOUT_MS = 55_000;

/** There, whole, and with this version's agent. */
export const checkImage: Check = async ({ host, config }) => {
  const { imageDir } = config;
  const check = "guest image";
  const mend = `viper images build --out ${imageDir}`;
  const folder = `${imageDir}/current`;
  const path = `${folder}/${IMAGE_FILES.manifest}`;
  const real = await host.files.realPath("doctor.image:resolve", path);
  if (real === null) return [{ check, status: "fail", seen: `there is no "${path}"`, mend }];
  const text = await host.files.readText("doctor.image:manifest", path);
  const manifest = imageManifest.parse(JSON.parse(text));
  try {
    const argv = ["sha256sum", "--check", "--quiet", "--strict", IMAGE_FILES.checksums];
    await host.run("doctor.image:checksums", argv, {
      cwd: folder,
      timeoutMs: CHECKSUMS_TIMEOUT_MS,
    });
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== "failed") throw error;
    const seen = `files in "${folder}" do not fit their checksums`;
    return [{ check, status: "fail", seen, mend: `remove it, then ${mend}` }];
  }
  const { flavour, browser_version, agent_version } = manifest;
  const seen = `${flavour} ${browser_version}, agent ${agent_version}; checksums fit`;
  if (agent_version === VERSION) return [{ check, status: "pass", seen }];
  return [{ check, status: "warn", seen: `${seen}; this is Viper ${VERSION}`, mend }];
};

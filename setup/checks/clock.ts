/** The clock: requests to guests carry the time, and certificates are valid by it. */
import { CommandError, type Host } from "../../host/host.ts";
import { IMAGE_FILES, imageManifest } from "../../protocol/images.ts";
import type { Check } from "../finding.ts";

/** Not behind the image, and kept by somebody. */
export const checkClock: Check = async ({ host, config }) => {
  const check = "clock";
  const now = host.clock.now();
  const manifest = `${config.imageDir}/current/${IMAGE_FILES.manifest}`;
  const built = await host.files.readText("doctor.clock:image", manifest)
    .then((text) => new Date(imageManifest.parse(JSON.parse(text)).built_at), () => null);
  const mend = "timedatectl set-ntp true";
  if (built !== null && built > now) {
    const seen = `it is ${now.toISOString()}, and the image was built later`;
    return [{ check, status: "fail", seen, mend }];
  }
  const seen = now.toISOString();
  return await isKept(host)
    ? [{ check, status: "pass", seen }]
    : [{ check, status: "warn", seen: `${seen}, and no time server is followed`, mend }];
};

/** Where systemd does not say, somebody else may keep it. */
async function isKept(host: Host): Promise<boolean> {
  try {
    const argv = ["timedatectl", "show", "--property=NTPSynchronized", "--value"];
    return (await host.run("doctor.clock:synchronized", argv)).stdout.trim() !== "no";
  } catch (error) {
    if (error instanceof CommandError) return true;
    throw error;
  }
}

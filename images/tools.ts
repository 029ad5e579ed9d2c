/** Whether this host can build images. */
import type { Host } from "../host/host.ts";
import { ViperError } from "../protocol/problems.ts";
import { BUILD_TOOLS, IMAGE_BUILD_PACKAGES } from "./packages.ts";

/** @throws {ViperError} `image_build_failed`, its hint naming the command that helps */
export async function requireTools(host: Host): Promise<void> {
  if (!host.isRoot) {
    throw new ViperError("image_build_failed", "Cannot build the image: this needs root", {
      hint: "Run it as root: sudo viper images build",
    });
  }
  const probe = 'for tool in "$@"; do command -v "$tool" >/dev/null || echo "$tool"; done';
  const tools = Object.keys(BUILD_TOOLS);
  const { stdout } = await host.run("images.build:tools", ["sh", "-c", probe, "sh", ...tools]);
  const missing = stdout.split("\n").filter((tool) => tool !== "");
  if (missing.length === 0) return;
  throw new ViperError(
    "image_build_failed",
    `Cannot build the image: ${missing.map((tool) => `"${tool}"`).join(", ")} not found`,
    { hint: `apt-get install --yes ${IMAGE_BUILD_PACKAGES.join(" ")}` },
  );
}

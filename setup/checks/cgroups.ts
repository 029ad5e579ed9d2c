/** Whether VMs can be limited in what they use. */
import type { Check } from "../finding.ts";

const CONTROLLERS = ["memory", "cpu", "pids"];

/** Control groups of version 2, with the controllers that limits need. */
export const checkCgroups: Check = async ({ host }) => {
  const check = "cgroups";
  const mend = "boot the host with systemd.unified_cgroup_hierarchy=1";
  const mounts = await host.files.readText("doctor.cgroups:mounts", "/proc/mounts");
  const mount = mounts.split("\n").map((line) => line.split(" "))
    .find(([_device, _path, type]) => type === "cgroup2")?.[1];
  if (mount === undefined) {
    const seen = "no cgroup version 2 is mounted; VMs are not limited";
    return [{ check, status: "warn", seen, mend }];
  }
  const text = await host.files.readText("doctor.cgroups:list", `${mount}/cgroup.controllers`);
  const there = text.trim().split(" ");
  const missing = CONTROLLERS.filter((controller) => !there.includes(controller));
  if (missing.length > 0) {
    const seen = `version 2 at ${mount} lacks ${missing.join(", ")}; VMs are not limited in these`;
    return [{ check, status: "warn", seen, mend }];
  }
  return [{ check, status: "pass", seen: `version 2 at ${mount} with ${CONTROLLERS.join(", ")}` }];
};

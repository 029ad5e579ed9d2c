/** VMs: their schemas and operations. */
import * as z from "zod";
import { profileMode, profileName } from "./profiles.ts";
import { imageName, labels, restartPolicy } from "./vm_settings.ts";

/** A host label (RFC 1123), so that the name can be the guest's host name. */
export const vmName = z.string().regex(
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "a name is 1 to 63 of a-z, 0-9 and -, and neither begins nor ends with -",
).describe("Name of the VM: 1 to 63 of a-z, 0-9 and -");

/** Where a VM stands; `server/vms/states.ts` has the transitions. */
export const vmStatus = z.enum([
  "pending",
  "starting",
  "running",
  "paused",
  "stopping",
  "stopped",
  "crashed",
]).describe("Where the VM stands");
/** Where a VM stands. */
export type VmStatus = z.infer<typeof vmStatus>;

export const runtimeName = z.enum(["cloud-hypervisor", "qemu", "local"])
  .describe("Kind of virtual machine, or of stand-in for one");
/** A kind of virtual machine, or of stand-in for one. */
export type RuntimeName = z.infer<typeof runtimeName>;

export const accel = z.enum(["kvm", "tcg", "none"])
  .describe("How the guest's processor runs: in hardware, emulated, or not virtual at all");
/** How the guest's processor runs. */
export type Accel = z.infer<typeof accel>;

export const imageLayout = z.enum(["disk", "initramfs"])
  .describe(
    "disk: small initramfs and shared read-only root; initramfs: everything in one archive",
  );
/** How the guest's root file system reaches it. */
export type ImageLayout = z.infer<typeof imageLayout>;

export const CPU_CORES_MAX = 64;
export const MEMORY_MB_MIN = 64;
export const MEMORY_MB_MAX = 262_144;
/** The kernel takes 2048 bytes of command line; Viper's own words need some of them. */
export const KERNEL_CMDLINE_LENGTH_MAX = 1_024;

/** What the member egress means, wherever it stands. */
export const EGRESS_WORDS =
  "What the VM may reach: the internet without private ranges, nothing, all, or a list of IPv4 ranges";

/** Ranges in the list of a VM's egress: each costs a few steps for every packet. */
export const EGRESS_CIDRS_MAX = 64;

/** Never other VMs, and never link-local addresses, where clouds keep metadata. */
export const egress = z.union([
  z.enum(["internet", "none", "open"]),
  z.array(
    z.cidrv4().refine(
      isWholeRange,
      "a range begins with its network's address, such as 10.0.0.0/8; one address is a /32",
    ),
  ).max(EGRESS_CIDRS_MAX).readonly(),
]).describe(EGRESS_WORDS);
/** What a VM may reach outside the host. */
export type Egress = z.infer<typeof egress>;

/** Whether no bit is set past the prefix: else it is anybody's guess which range was meant. */
function isWholeRange(cidr: string): boolean {
  const [address = "", prefix = ""] = cidr.split("/");
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return number % 2 ** (32 - Number(prefix)) === 0;
}

/** What a VM is to clients. */
export const vm = z.object({
  id: z.string().describe("Never used again, as the name may be"),
  seq: z.int().describe("Grows with every VM that is made; lists are in its order"),
  name: vmName,
  status: vmStatus,
  runtime: runtimeName,
  accel,
  layout: imageLayout,
  pid: z.int().optional().describe("Of the machine's process on the host"),
  ip_address: z.string().optional().describe("Absent once the lease is given back"),
  mac_address: z.string(),
  cpu_cores: z.int(),
  memory_mb: z.int(),
  kernel_cmdline: z.string().optional(),
  image: imageName,
  labels,
  egress,
  profile: z.object({ name: profileName, mode: profileMode }).optional()
    .describe("What its browser is logged in with"),
  restart_policy: restartPolicy,
  restarts: z.int()
    .describe("Restarts after crashes, since the last start that somebody asked for"),
  expires_at: z.iso.datetime().optional().describe("When it is deleted, whatever it does"),
  idle_timeout_ms: z.int().optional()
    .describe("Milliseconds without a request to its browser after which it is deleted"),
  started_at: z.iso.datetime().optional().describe("The last start"),
  ready_at: z.iso.datetime().optional().describe("When the browser was ready after it"),
  reason: z.string().optional()
    .describe("Why the VM stands where it does, when that is not what was asked for"),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
/** What a VM is to clients. */
export type Vm = z.infer<typeof vm>;

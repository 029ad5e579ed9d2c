/** What can be asked for of VMs. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { profileUse } from "./profiles.ts";
import {
  chromeSettings,
  environment,
  imageName,
  labels,
  LABELS_MAX,
  lifetimeMs,
  restartPolicy,
} from "./vm_settings.ts";
import {
  CPU_CORES_MAX,
  egress,
  EGRESS_WORDS,
  imageLayout,
  KERNEL_CMDLINE_LENGTH_MAX,
  MEMORY_MB_MAX,
  MEMORY_MB_MIN,
  runtimeName,
  vm,
  vmName,
  vmStatus,
} from "./vms.ts";

/** The longest a create may wait for room, in milliseconds. */
export const CREATE_WAIT_MS_MAX = 600_000;
/** The longest a wait for a VM may take, in milliseconds. */
export const WAIT_TIMEOUT_MS_MAX = 600_000;
/** VMs that one answer lists. */
export const LIST_LIMIT_MAX = 1_000;
/** How long a guest may take to power itself off, in milliseconds. */
export const STOP_GRACE_MS_MAX = 120_000;

/** No VM has more labels than that, so none could have all that such a filter names. */
const LABEL_FILTER = new RegExp(`^[^=,]+=[^=,]*(,[^=,]+=[^=,]*){0,${LABELS_MAX - 1}}$`);
const LABEL_FILTER_WORDS = `key=value, up to ${LABELS_MAX} of them with commas`;

/** What any start of a VM can meet. */
const START_ERRORS = [
  "vm_start_failed",
  "vm_limit_reached",
  "capacity_exhausted",
  "addresses_exhausted",
  "runtime_unavailable",
  "image_not_found",
  "state_locked",
  "disk_full",
] as const;

const one = z.strictObject({ name: vmName });

export const vmsCreate = operation({
  name: "vms.create",
  summary: "Create a VM and boot it; it is ready when its status is running",
  http: { method: "POST", path: "/api/v1/vms", status: 201 },
  input: z.strictObject({
    name: vmName,
    cpu_cores: z.int().min(1).max(CPU_CORES_MAX).optional()
      .describe("Processors of the VM; left out: the daemon's default, 2 unless configured"),
    memory_mb: z.int().min(MEMORY_MB_MIN).max(MEMORY_MB_MAX).optional()
      .describe("Megabytes of memory; left out: the daemon's default, 2048 unless configured"),
    kernel_cmdline: z.string().max(KERNEL_CMDLINE_LENGTH_MAX).regex(/^[\x20-\x7e]*$/).optional()
      .describe("Printable ASCII that is appended to the kernel's command line"),
    runtime: runtimeName.optional().describe(
      "Kind of virtual machine, or of stand-in for one; left out: the daemon's default",
    ),
    layout: imageLayout.default("disk"),
    image: imageName.default("current"),
    labels: labels.default({}),
    ttl_ms: lifetimeMs.optional().describe(
      "Milliseconds from its creation after which it is deleted; left out: never",
    ),
    idle_timeout_ms: lifetimeMs.optional().describe(
      "Milliseconds without a request to its browser after which it is deleted; left out: never",
    ),
    restart_policy: restartPolicy.default("never"),
    environment: environment.default({}),
    chrome: chromeSettings.prefault({}),
    egress: egress.optional()
      .describe(`${EGRESS_WORDS}; left out: the daemon's default, internet unless configured`),
    profile: profileUse.optional()
      .describe("What the browser is logged in with: a profile's name, or name and mode"),
    wait_ms: z.int().min(0).max(CREATE_WAIT_MS_MAX).default(0).describe(
      "Milliseconds to wait for room when the host is full, instead of being refused",
    ),
  }),
  output: vm,
  errors: [
    ...["vm_exists", "idempotency_key_reused", "queue_full"] as const,
    ...["profile_not_found", "profile_in_use"] as const,
    ...START_ERRORS,
  ],
});

export const vmsList = operation({
  name: "vms.list",
  summary: "List VMs, oldest first",
  http: { method: "GET", path: "/api/v1/vms", status: 200 },
  input: z.strictObject({
    status: vmStatus.optional().describe("Only VMs that stand here"),
    label: z.string().max(4_096).regex(LABEL_FILTER, LABEL_FILTER_WORDS).optional()
      .describe("Only VMs that have this label, as key=value, or all of several with commas"),
    limit: z.coerce.number().int().min(1).max(LIST_LIMIT_MAX).default(LIST_LIMIT_MAX)
      .describe("VMs at most"),
    after: z.coerce.number().int().min(0).default(0)
      .describe("Only VMs made after the one with this seq: the last of the page before"),
  }),
  output: z.array(vm),
  errors: [],
});

export const vmsGet = operation({
  name: "vms.get",
  summary: "Get one VM",
  http: { method: "GET", path: "/api/v1/vms/{name}", status: 200 },
  input: one,
  output: vm,
  errors: ["vm_not_found"],
});

export const vmsDelete = operation({
  name: "vms.delete",
  summary: "Stop a VM, remove it and free its address",
  http: { method: "DELETE", path: "/api/v1/vms/{name}", status: 204 },
  input: one,
  output: z.void(),
  errors: ["vm_not_found"],
});

export const vmsStart = operation({
  name: "vms.start",
  summary: "Boot a VM that is stopped or has crashed",
  http: { method: "POST", path: "/api/v1/vms/{name}/start", status: 200 },
  input: one,
  output: vm,
  errors: ["vm_not_found", "vm_busy", ...START_ERRORS],
});

export const vmsStop = operation({
  name: "vms.stop",
  summary: "Power a VM off, firmly when the guest does not heed; it can be started again",
  http: { method: "POST", path: "/api/v1/vms/{name}/stop", status: 200 },
  input: z.strictObject({
    name: vmName,
    grace_ms: z.int().min(0).max(STOP_GRACE_MS_MAX).default(10_000)
      .describe("Milliseconds that the guest may take to power itself off; 0 pulls the plug"),
  }),
  output: vm,
  errors: ["vm_not_found", "vm_busy"],
});

export const vmsRestart = operation({
  name: "vms.restart",
  summary: "Stop a VM, if it is up, and boot it",
  http: { method: "POST", path: "/api/v1/vms/{name}/restart", status: 200 },
  input: vmsStop.input,
  output: vm,
  errors: ["vm_not_found", "vm_busy", ...START_ERRORS],
});

export const vmsPause = operation({
  name: "vms.pause",
  summary: "Freeze a running VM; it keeps its memory and uses no processor",
  http: { method: "POST", path: "/api/v1/vms/{name}/pause", status: 200 },
  input: one,
  output: vm,
  errors: ["vm_not_found", "vm_busy"],
});

export const vmsResume = operation({
  name: "vms.resume",
  summary: "Let a paused VM go on",
  http: { method: "POST", path: "/api/v1/vms/{name}/resume", status: 200 },
  input: one,
  output: vm,
  errors: ["vm_not_found", "vm_busy"],
});

export const vmsSetEgress = operation({
  name: "vms.set_egress",
  summary: "Change what a VM may reach, while it runs too",
  http: { method: "POST", path: "/api/v1/vms/{name}/egress", status: 200 },
  input: z.strictObject({ name: vmName, egress }),
  output: vm,
  errors: ["vm_not_found", "runtime_unavailable"],
});

export const vmsSaveProfile = operation({
  name: "vms.save_profile",
  summary: "Save what a VM's browser holds to the profile that the VM writes to",
  http: { method: "POST", path: "/api/v1/vms/{name}/profile/save", status: 200 },
  input: one,
  output: vm,
  errors: [
    ...["vm_not_found", "vm_busy", "vm_not_running", "browser_unavailable"] as const,
    ...["profile_read_only", "profile_too_large", "profile_key_missing"] as const,
    ...["profile_key_wrong", "state_locked", "disk_full", "timeout"] as const,
  ],
});

export const vmsWait = operation({
  name: "vms.wait",
  summary: "Wait until a VM has the status, or has left pending and starting when none is named",
  http: { method: "GET", path: "/api/v1/vms/{name}/wait", status: 200 },
  input: z.strictObject({
    name: vmName,
    status: vmStatus.optional()
      .describe("What to wait for; left out: neither pending nor starting"),
    timeout_ms: z.coerce.number().int().min(1).max(WAIT_TIMEOUT_MS_MAX).default(60_000)
      .describe("Milliseconds that the wait may take"),
  }),
  output: vm,
  errors: ["vm_not_found", "timeout"],
});

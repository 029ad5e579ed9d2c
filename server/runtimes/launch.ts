/**
 * Starts a hypervisor so that it can do nothing but run its guest.
 *
 * A shell, still with the daemon's privileges, enters the cgroup and opens the files; then it gives
 * the privileges up and becomes the hypervisor. With a `uid` the process has that user and group
 * alone, no capability and no way to get one (`no_new_privs`), and a `/dev` of its own: a mount
 * namespace with null, zero, urandom and, for its group, /dev/kvm and /dev/net/tun. So neither the
 * modes of the host's devices nor a shared group decide who may use them.
 *
 * Files come as descriptors since the folders above them may be closed to the user.
 * `/proc/self/fd/N` opens the file itself once more (proc(5)), so its own owner and mode count.
 *
 * @module
 */
import type { Host, Label, Process } from "../../host/host.ts";
import { killLeftover, VM_ID_VARIABLE } from "./process_ref.ts";

/** Files that a plan may name: descriptors of the shell have one digit, and the first are taken. */
const FILES_MAX = 7;
const FIRST_DESCRIPTOR = 3;

/** What is to be started, and as whom. */
export interface LaunchPlan {
  readonly label: Label;
  /** In the environment of the process; nothing else is there but PATH. */
  readonly vmId: string;
  readonly argv: readonly string[];
  /** User and group number that the process runs as; `null`: the daemon's own, with its rights. */
  readonly uid: number | null;
  /** Folder of the cgroup (version 2) that it enters; `null`: it stays in the daemon's. */
  readonly cgroup: string | null;
  /** Working folder, owned by `uid`: sockets are named relative to it. */
  readonly runDir: string;
  /** Opened before the privileges go, as descriptors from 3 on; 7 at most. See {@linkcode fileNames}. */
  readonly files: readonly LaunchFile[];
  /** Standard output and error are appended here, and why it could not be started. */
  readonly log: string;
}

/** A file to open. Whoever opens it again by its descriptor needs the rights to it. */
export interface LaunchFile {
  readonly path: string;
  readonly access: "read" | "append";
}

/**
 * $1: cgroup or empty, $2: working folder, $3: group or empty; then access and path of each file,
 * `--`, and the command. The umask makes sockets the user's alone; a core would hold the guest's
 * memory. Numbers of devices: https://www.kernel.org/doc/Documentation/admin-guide/devices.txt
 */
const SCRIPT = `set -eu
cgroup=$1 folder=$2 group=$3 fd=${FIRST_DESCRIPTOR}
shift 3
umask 077
ulimit -c 0
[ -z "$cgroup" ] || echo 0 >"$cgroup/cgroup.procs"
while [ "$1" != -- ]; do
  case $1 in
    read) eval "exec $fd<\\"\\$2\\"" ;;
    append) eval "exec $fd>>\\"\\$2\\"" ;;
  esac
  fd=$((fd + 1))
  shift 2
done
shift
cd "$folder"
if [ -n "$group" ]; then
  mount -t tmpfs -o size=64k,mode=755,nosuid,noexec viper /dev
  mkdir -m 755 /dev/net
  mknod -m 666 /dev/null c 1 3
  mknod -m 666 /dev/zero c 1 5
  mknod -m 666 /dev/urandom c 1 9
  mknod -m 660 /dev/net/tun c 10 200
  mknod -m 660 /dev/kvm c 10 232
  chgrp "$group" /dev/net/tun /dev/kvm
fi
exec "$@"`;

/** What mounts later on the host is seen, what mounts here stays here. */
const OWN_MOUNTS = ["unshare", "--mount", "--propagation", "slave"];

/**
 * Starts the plan's command in a session of its own and returns at once; it outlives the daemon.
 * A step that fails ends the process, with the reason in the log.
 */
export function launch(host: Host, plan: LaunchPlan): Promise<Process> {
  const { uid, cgroup, runDir, files } = plan;
  if (files.length > FILES_MAX) throw new RangeError(`Cannot open over ${FILES_MAX} files`);
  const argv = [
    ...(uid === null ? [] : OWN_MOUNTS),
    ...["/bin/sh", "-c", SCRIPT, "launch", cgroup ?? "", runDir, `${uid ?? ""}`],
    ...files.flatMap(({ access, path }) => [access, path]),
    "--",
    ...(uid === null ? [] : unprivileged(uid)),
    ...plan.argv,
  ];
  return host.spawn(plan.label, argv, {
    detached: true,
    output: { file: plan.log },
    // Nothing of the daemon's environment, which may hold keys.
    env: { PATH: host.env["PATH"] ?? "", [VM_ID_VARIABLE]: plan.vmId },
  });
}

/**
 * Ends what was launched for a machine that is not to be, and waits until it is gone: the process
 * and whatever the launcher was running at that moment.
 */
export async function endLaunched(host: Host, process: Process, vmId: string): Promise<void> {
  process.kill("SIGKILL");
  await process.exited;
  await killLeftover(host, { vmId });
}

/** How the command names the plan's files, in their order. */
export function fileNames(files: readonly LaunchFile[]): string[] {
  return files.map((_file, index) => `/proc/self/fd/${FIRST_DESCRIPTOR + index}`);
}

/** setpriv(1). */
function unprivileged(uid: number): string[] {
  return [
    ...["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"],
    ...["--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"],
  ];
}

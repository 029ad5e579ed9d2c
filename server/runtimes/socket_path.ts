import { ViperError } from "../../protocol/problems.ts";

/** sun_path of unix(7) takes 108 bytes, the last one zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** @throws {ViperError} `vm_start_failed`, when the system takes no socket of so long a path */
export function assertSocketPath(program: string, vmId: string, path: string): void {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes <= SOCKET_PATH_BYTES_MAX) return;
  throw new ViperError(
    "vm_start_failed",
    `Cannot start ${program} for VM "${vmId}": the socket's path "${path}" has ${bytes} bytes and ` +
      `the system takes ${SOCKET_PATH_BYTES_MAX}`,
    { hint: "Choose a shorter runtime folder (VIPER_RUNTIME_DIR)" },
  );
}

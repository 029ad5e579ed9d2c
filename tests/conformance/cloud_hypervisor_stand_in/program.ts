import type { Host } from "../../../host/host.ts";

const PROGRAM = new URL("./main.ts", import.meta.url).pathname;

/**
 * Writes an executable that starts the stand-in, and gives its path. A hypervisor is started with
 * next to no environment, so what Deno needs to know stands in the file.
 */
export function standIn(flags: readonly string[] = []): string {
  const folder = Deno.makeTempDirSync({ prefix: "viper-stand-in-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const described = Deno.env.get("VIPER_CLOUD_HYPERVISOR_API");
  const words = [...flags, ...(described === undefined ? [] : ["--api", described])];
  const path = `${folder}/cloud-hypervisor`;
  Deno.writeTextFileSync(
    path,
    `#!/bin/sh
export HOME='${Deno.env.get("HOME") ?? "/root"}' DENO_DIR='${Deno.env.get("DENO_DIR") ?? ""}'
[ -n "$DENO_DIR" ] || unset DENO_DIR
exec '${Deno.execPath()}' run --quiet --allow-all --no-check '${PROGRAM}' ${words.join(" ")} "$@"
`,
    { mode: 0o755 },
  );
  return path;
}

/** The host, with a processor that shows what KVM needs. */
export function virtualisingHost(host: Host): Host {
  return {
    ...host,
    run: (label, argv, options) =>
      label === "runtime.accel:kvm_open"
        ? Promise.resolve({ code: 0, signal: null, stdout: "", stderr: "" })
        : host.run(label, argv, options),
    files: {
      ...host.files,
      readText: (label, path) =>
        label === "runtime.accel:cpu_flags"
          ? Promise.resolve("flags\t\t: fpu vmx sse2\n")
          : host.files.readText(label, path),
      stat: (label, path) =>
        host.files.stat(label, label === "runtime.accel:kvm_device" ? "/" : path),
    },
  };
}

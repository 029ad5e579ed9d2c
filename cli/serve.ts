import { Command } from "commander";
import { logLevel } from "../host/json_log.ts";
import { prettyLog } from "../host/pretty_log.ts";
import { type ConfigFlags, readConfig } from "../server/config.ts";
import { serve } from "../server/main.ts";
import type { CliContext } from "./context.ts";

/** `viper serve`: the daemon, until SIGINT or SIGTERM. */
export function serveCommand({ host, terminal, signal, assets }: CliContext): Command {
  return new Command("serve").description("run the daemon")
    .option("--listen <host:port>", "address of the API [127.0.0.1:7777]")
    .option("--socket <path>", "Unix socket of the API [beside the state database]")
    .option("--insecure-loopback", "everybody on this machine is an admin without a key")
    .option("--allow-cidr <list>", "addresses and CIDRs of clients [all]")
    .option("--trusted-proxies <list>", "proxies whose X-Forwarded-For counts [none]")
    .option("--tls-cert <file>", "certificate of HTTPS, PEM [none]")
    .option("--tls-key <file>", "its key, PEM [none]")
    .option("--db <file>", "state database [~/.viper/state.db]")
    .option("--profile-key-file <file>", "key of profiles [beside the state database]")
    .option("--runtime-dir <folder>", "folder of running VMs [~/.viper/run]")
    .option("--log-dir <folder>", "folder of logs [~/.viper/logs]")
    .option("--image-dir <folder>", "folder of the guest image [~/.viper/image]")
    .option("--runtime <name>", "auto, cloud-hypervisor, qemu, or local (no isolation) [auto]")
    .option("--hypervisor <program>", "Cloud Hypervisor's program [cloud-hypervisor]")
    .option("--bridge <name>", "bridge of the VMs [viperbr0]")
    .option("--subnet <cidr>", "addresses of the VMs [192.168.127.0/24]")
    .option("--host-ip <address>", "the host's address on the bridge [192.168.127.1]")
    .option("--guest-port <port>", "port on which guests reach the daemon [7778]")
    .option("--guest-open-ports <ports>", "other ports of the host that guests may reach [none]")
    .option("--vm-limit <count>", "VMs that may be live at once [64]")
    .option("--cpu-limit <count>", "cores that live VMs may have together [8 a core of the host]")
    .option("--memory-limit-mb <mb>", "memory that live VMs may have together [90% of the host's]")
    .option("--max-cpu-cores <count>", "cores that one VM may have [64]")
    .option("--max-memory-mb <mb>", "memory that one VM may have [262144]")
    .option("--default-cpu-cores <count>", "cores of a VM when its creator does not say [2]")
    .option("--default-memory-mb <mb>", "memory of a VM when its creator does not say [2048]")
    .option("--default-egress <rule>", "internet, none, open, or CIDRs with commas [internet]")
    .option("--on-shutdown <choice>", "keep VMs running, or stop them [keep]")
    .option("--first-uid <number>", "first user number of VMs' processes, 0: root [1900000000]")
    .option("--boot-timeout-ms <ms>", "from boot to ready [30000, 180000 when emulated]")
    .option("--log-format <format>", "json, or pretty for people [json]")
    .action(async (flags: ConfigFlags) => {
      const config = readConfig(flags, host.env);
      const least = logLevel(host.env["VIPER_LOG_LEVEL"]);
      const pretty = prettyLog(terminal.err, host.clock.now, least);
      const spoken = config.logFormat === "pretty" ? { ...host, log: pretty } : host;
      await serve(config, spoken, assets, signal);
    });
}

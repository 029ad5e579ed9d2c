/**
 * What a VM gets of the host before anything is made: room, an address, an image, the words that
 * its guest is told.
 *
 * @module
 */
import type { Host } from "../../host/host.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { Accel, RuntimeName } from "../../protocol/vms.ts";
import { parseIpv4, type Subnet } from "../network/subnet.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import type { Database } from "../store/database.ts";
import type { LeaseRows } from "../store/lease_rows.ts";
import type { VmRow, VmRows } from "../store/vm_rows.ts";
import { AddressPool, LOOPBACK, macAddress } from "./addresses.ts";
import { type Asked, assertFits, type Capacity } from "./capacity.ts";
import type { FootprintPlan } from "./footprint.ts";
import { findGuestImage } from "./guest_image.ts";
import { instanceOf, kernelCommandLine } from "./spec.ts";

/** From boot to announce: hardware is quick, emulation is not. */
const BOOT_TIMEOUT_MS: Readonly<Record<Accel, number>> = {
  kvm: 30_000,
  tcg: 180_000,
  none: 30_000,
};

/** What plans are made from. */
export interface PlannerParts {
  readonly host: Host;
  readonly db: Database;
  readonly rows: VmRows;
  readonly leases: LeaseRows;
  readonly runtime: Pick<Runtime, "name" | "traits">;
}

/** Settings of the planner. */
export interface PlannerOptions {
  /** `null` for a runtime that has no network of ours. */
  readonly network: {
    readonly subnet: Subnet;
    readonly hostIp: string;
    /** Name servers that guests ask. */
    readonly resolvers: readonly string[];
  } | null;
  readonly imageDir: string;
  readonly capacity: Capacity;
  readonly bootTimeoutMs: number | null;
  /** The user number of the subnet's first address; `null`: machines run as the daemon's user. */
  readonly firstUid: number | null;
  /** Where guests reach the daemon; known once its listener stands. */
  readonly daemonUrl: () => string;
}

/** Where a VM is on the network. */
export interface VmAddress {
  readonly ip: string;
  readonly mac: string;
}

/** Makes plans of VMs. */
export class Planner {
  readonly #pool: AddressPool | null;

  constructor(private readonly parts: PlannerParts, private readonly options: PlannerOptions) {
    const { network } = options;
    this.#pool = network && new AddressPool(network.subnet, network.hostIp, parts.leases);
  }

  /**
   * Gives the VM room and an address, in one transaction with `write`, which stores its row.
   *
   * @throws {ViperError} `vm_limit_reached`, `capacity_exhausted`, `addresses_exhausted`
   */
  occupy<Result>(
    vm: Asked & Pick<VmRow, "id"> & { readonly ip_address?: string | null },
    write: (address: VmAddress) => Result,
  ): Result {
    const { db, rows, host } = this.parts;
    return db.withTx(() => {
      assertFits(vm, rows.load(), this.options.capacity);
      const kept = vm.ip_address ?? null;
      const ip = kept ?? this.#pool?.pick() ?? LOOPBACK;
      const result = write({ ip, mac: macAddress(vm.name, ip) });
      if (kept === null) this.#pool?.lease(ip, vm.id, host.clock.now().toISOString());
      return result;
    });
  }

  /**
   * A daemon has one runtime for new machines, and a VM keeps the one that it was made for: it may
   * have been chosen for its isolation.
   *
   * @throws {ViperError} `runtime_unavailable`
   */
  assertRuntime({ name, runtime }: { readonly name: string; readonly runtime: RuntimeName }): void {
    const own = this.parts.runtime.name;
    if (runtime === own) return;
    throw new ViperError(
      "runtime_unavailable",
      `Cannot start VM "${name}" on runtime "${runtime}": this daemon runs "${own}"`,
      { hint: `Start the daemon with: viper serve --runtime ${runtime}` },
    );
  }

  /** @throws {ViperError} `image_not_found` */
  async assertImage({ image, layout }: Pick<VmRow, "image" | "layout">): Promise<void> {
    if (!this.parts.runtime.traits.image) return;
    await findGuestImage(this.parts.host, this.options.imageDir, image, layout);
  }

  /** @throws {ViperError} `image_not_found` */
  async plan(row: VmRow): Promise<FootprintPlan> {
    const { network, daemonUrl, imageDir } = this.options;
    const { host, runtime } = this.parts;
    const ip = network === null ? null : row.ip_address;
    return {
      cpuCores: row.cpu_cores,
      memoryMb: row.memory_mb,
      accel: row.accel,
      layout: row.layout,
      image: runtime.traits.image
        ? await findGuestImage(host, imageDir, row.image, row.layout)
        : null,
      mac: row.mac_address,
      ip,
      egress: row.settings.egress,
      uid: this.#uid(ip),
      instance: instanceOf(row, ip, daemonUrl()),
      cmdline: network === null || ip === null ? "" : kernelCommandLine(row, {
        ip,
        gateway: network.hostIp,
        netmask: network.subnet.netmask,
      }, network.resolvers),
    };
  }

  /** From boot to announce, in milliseconds. */
  bootTimeoutMs(accel: Accel): number {
    return this.options.bootTimeoutMs ?? BOOT_TIMEOUT_MS[accel];
  }

  /** A user of the VM's own: an address has one VM at a time, and so has the number after it. */
  #uid(ip: string | null): number | null {
    const { network, firstUid } = this.options;
    if (network === null || ip === null || firstUid === null) return null;
    return firstUid + parseIpv4(ip) - parseIpv4(network.subnet.networkAddress);
  }
}

/** The addresses that a guest is born with. */
export interface GuestAddresses {
  readonly ip: string;
  readonly gateway: string;
  readonly netmask: string;
  readonly hostname: string;
}

/**
 * The `ip=` word of the kernel's command line. The second field, a boot server, stays empty.
 * https://docs.kernel.org/admin-guide/nfs/nfsroot.html
 */
export function kernelIpArgument({ ip, gateway, netmask, hostname }: GuestAddresses): string {
  return `ip=${ip}::${gateway}:${netmask}:${hostname}:eth0:off`;
}

/** A guest that says that it runs, until it ends as its command line asks. */
import { cpioArchive } from "../../server/vms/cpio.ts";
import type { GuestDeed } from "./rig.ts";

/**
 * Process 1 on the busybox and the modules of the image's small initramfs. It ends after some words,
 * so that it was seen to run.
 */
const INIT = `#!/viper/busybox sh
b=/viper/busybox
$b mkdir -p /proc /dev
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
exec >/dev/console 2>&1
for name in pvpanic pvpanic-pci; do
  [ ! -e /viper/modules/$name.ko ] || $b insmod /viper/modules/$name.ko
done
deed=$($b sed -n 's/.*viper.test=\\([a-z]*\\).*/\\1/p' /proc/cmdline)
count=0
while :; do
  echo "tick $count"
  case $deed$count in
    poweroff3) $b poweroff -f ;;
    reset3) $b reboot -f ;;
    panic3) echo c >/proc/sysrq-trigger ;;
  esac
  count=$((count + 1))
  $b sleep 0.1
done
`;

/** Writes the guest's initramfs: the image's, and after it an archive with another init. */
export async function writeGuest(image: string, target: string): Promise<void> {
  const base = await Deno.readFile(image);
  const gap = new Uint8Array((4 - base.length % 4) % 4);
  const data = new TextEncoder().encode(INIT);
  const init = cpioArchive([{ path: "init", mode: 0o755, data }]);
  await Deno.writeFile(target, new Uint8Array([...base, ...gap, ...init]), { mode: 0o600 });
}

/** The kernel's command line for the deed. */
export function guestCommandLine(deed: GuestDeed): string {
  return `console=ttyS0 quiet panic=1 viper.test=${deed}`;
}

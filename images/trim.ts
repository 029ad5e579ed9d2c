/**
 * What a browser guest never uses, out of the tree that Debian's packages make.
 *
 * Nothing here is configured by package scripts, since they are not run: what the guest needs of
 * their work (users, certificates, caches) is made here too.
 *
 * @module
 */
import { type Bench, sandboxedScript, script } from "./sandbox.ts";

interface Cut {
  /** For the manifest. */
  readonly what: string;
  /** Shell patterns below the root. */
  readonly paths: readonly string[];
}

const CUTS: readonly Cut[] = [
  {
    what: "documentation, manual pages, licences and bug scripts",
    paths: ["usr/share/{doc,man,info,bug,lintian,common-licenses,doc-base,menu,gcc,gdb}"],
  },
  {
    what: "locales beside C.UTF-8, and character set conversions",
    paths: ["usr/share/{locale,i18n}", "usr/lib/*/gconv", "usr/lib/locale"],
  },
  {
    what: "apt, dpkg and their state",
    paths: ["etc/{apt,dpkg}", "var/lib/{apt,dpkg}", "var/cache/{apt,debconf}", "usr/share/dpkg"],
  },
  { what: "perl", paths: ["usr/{bin/perl*,share/perl*,lib/*/perl*}"] },
  {
    what: "systemd units, initramfs hooks and start-up scripts",
    paths: ["{,usr/}lib/{systemd,udev,init,lsb}", "usr/share/initramfs-tools", "etc/init.d"],
  },
  {
    what: "X11 session files, desktop entries, icons and sounds",
    paths: [
      "etc/{X11,pulse}",
      "usr/share/{applications,alsa,metainfo,pixmaps,sounds}",
      "usr/share/X11/locale",
      "usr/share/icons",
    ],
  },
  {
    what: "openssl's command line and compiler files",
    paths: ["usr/bin/{openssl,c_rehash}", "usr/{include,lib/*/pkgconfig,share/pkgconfig}"],
  },
  {
    what: "NSS's tools beside certutil",
    paths: [
      "usr/bin/{chktest,cmsutil,crlutil,derdump,httpserv,modutil,nss-*,ocspclnt,p7*,pk12util}",
      "usr/bin/{pk1sign,pwdecrypt,rsaperf,selfserv,shlibsign,signtool,signver,ssltap,strsclnt}",
      "usr/bin/{symkeyutil,tstclnt,vfychain,vfyserv}",
    ],
  },
  {
    what: "Vulkan's validation layer, mock driver and link-time tables",
    paths: ["usr/lib/chromium/{libVkLayer_*,libVkICD_mock_*,*.TOC}"],
  },
];

/** Noto families that stay: the scripts that living languages are commonly written in. */
const NOTO_KEPT = [
  "ColorEmoji",
  "Sans",
  "SansMono",
  "SansSymbols",
  "SansSymbols2",
  "SansMath",
  "NaskhArabic",
  "SansArabic",
  "SansArmenian",
  "SansBengali",
  "SansCanadianAboriginal",
  "SansCherokee",
  "SansDevanagari",
  "SansEthiopic",
  "SansGeorgian",
  "SansGujarati",
  "SansGurmukhi",
  "SansHebrew",
  "SansKannada",
  "SansKhmer",
  "SansLao",
  "SansMalayalam",
  "SansMongolian",
  "SansMyanmar",
  "SansNKo",
  "SansOriya",
  "SansSinhala",
  "SansSyriac",
  "SansTamil",
  "SansTelugu",
  "SansThaana",
  "SansThai",
  "SansTifinagh",
  "SerifTibetan",
];

/** All timestamps in an image, in Unix seconds, so that equal inputs make equal images. */
export const IMAGE_EPOCH_SECONDS = 946_684_800;

/** In words, for the manifest. */
export const TRIMMED: readonly string[] = [
  ...CUTS.map(({ what }) => what),
  "Noto fonts beyond the commonly written scripts",
  "shared libraries that neither the browser nor the agent loads",
  "kernel modules that a virtio guest does not need",
  "Mesa and LLVM (never downloaded: the browser brings its own software renderer)",
];

/** $1: the root. Removes what the lists name and makes what package scripts would have made. */
const CUT_AND_CONFIGURE = `
cd "$1"
shopt -s nullglob dotglob
rm -rf -- ${CUTS.flatMap(({ paths }) => paths).join(" ")}
find usr/share/fonts -name 'Noto*' -regextype posix-extended \\
  ! -regex '.*/Noto(${NOTO_KEPT.join("|")})([-.].*)?\\.(ttf|otf)' -type f -delete
mkdir -p bin dev etc/ssl/certs home/viper proc run sys tmp usr/lib/viper var/cache var/tmp
cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
rm -rf usr/share/ca-certificates
rm -f etc/{hostname,resolv.conf,fstab} var/run var/lock
[ -e bin/sh ] || ln -s busybox bin/sh
cat >etc/passwd <<'END'
root:x:0:0:root:/:/bin/false
viper:x:1000:1000:viper:/home/viper:/bin/false
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
END
cat >etc/group <<'END'
root:x:0:
viper:x:1000:
nogroup:x:65534:
END
printf 'hosts: files dns\\npasswd: files\\ngroup: files\\n' >etc/nsswitch.conf
printf '127.0.0.1 localhost\\n' >etc/hosts
: >etc/hostname
: >etc/resolv.conf
chmod 1777 tmp var/tmp
chown 1000:1000 home/viper
`;

/**
 * Runs inside the root, in its busybox. Asks the dynamic linker what the programs load, adds what
 * they open by name, and removes every other shared library.
 */
const KEEP_LOADED_LIBRARIES = `
set -eu
linker=/lib64/ld-linux-x86-64.so.2
for seed in /usr/lib/chromium/chrom* /usr/lib/chromium/*.so* /usr/bin/fc-cache \\
  /usr/bin/certutil \\
  /usr/lib/*/libsoftokn3.so /usr/lib/*/libfreebl*.so /usr/lib/*/nss/*.so; do
  [ -f "$seed" ] || continue
  echo "$seed => $seed"
  "$linker" --list "$seed" 2>/dev/null || true
done >/tmp/linked
if grep 'not found' /tmp/linked; then exit 1; fi
awk '$2 == "=>" { print $3; next } $1 ~ "^/" { print $1 }' /tmp/linked >/tmp/paths
# The parts of the C library that other programs, such as the agent, are linked with.
for name in c m dl rt pthread util resolv gcc_s nss_dns nss_files; do
  ls -d /lib/*/lib$name.so* /lib/*/lib$name[-_.]*.so* /usr/lib/*/lib$name.so* 2>/dev/null || true
done >>/tmp/paths
ls -d /lib/*/ld-linux* /lib64/* >>/tmp/paths 2>/dev/null || true
# A folder reached over a link (/lib is one in newer suites) gives a library a second name.
in_real_folder() {
  while read -r path; do echo "$(realpath "\${path%/*}")/\${path##*/}"; done
}
while read -r path; do echo "$path"; realpath "$path"; done </tmp/paths |
  in_real_folder | sort -u >/tmp/kept
find /lib/ /usr/lib/ -name '*.so*' ! -type d ! -path '/usr/lib/viper/*' |
  in_real_folder | sort -u | grep -vxFf /tmp/kept | xargs rm -f
rm -f /tmp/linked /tmp/paths /tmp/kept
`;

/** $1: the root, $2: the script above, $3: the timestamp. Ends with the caches of what is left. */
const FINISH = `
chroot "$1" /bin/busybox sh -c "$2"
find "$1/usr/share/fonts" -exec touch -h -d "@$3" {} +
ldconfig -r "$1"
chroot "$1" /usr/bin/fc-cache -s >/dev/null
rm -f "$1"/usr/bin/fc-*
find "$1" -xdev -depth -type d -empty -path "$1/usr/*" ! -path "$1/usr/lib/viper" -delete
`;

/** Trims the tree below `root` in place. */
export async function trimRoot(bench: Bench, root: string): Promise<void> {
  await script(bench, "trim_cut", CUT_AND_CONFIGURE, root);
  await sandboxedScript(
    bench,
    "trim_libraries",
    FINISH,
    { network: false },
    root,
    KEEP_LOADED_LIBRARIES,
    String(IMAGE_EPOCH_SECONDS),
  );
}

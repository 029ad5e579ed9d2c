/**
 * What setup calls and a test may not or cannot have for real: systemd does not run here, and
 * users, groups and packages are the machine's own. Each stand-in is a shell script that keeps its
 * state below a file root made for the test; `ip`, `iptables` and the kernel are the real ones.
 */

/** Real programs that setup, or a stand-in, calls by name. */
const REAL = [
  ...["sh", "ip", "bridge", "tc", "iptables-save", "iptables-restore", "iptables"],
  ...["sed", "grep", "rm", "touch", "stat", "cmp", "cp", "mkdir", "cut", "chmod"],
];
const GID = 4991;

/** Package → its program, as the stand-in of apt installs it. */
const PACKAGES = { "util-linux": "setpriv", "qemu-system-x86": "qemu-system-x86_64" };

const SCRIPTS: Readonly<Record<string, string>> = {
  systemctl: `
unit_dir=$root/etc/systemd/system
for unit; do :; done
case $1 in
  show)
    enabled= active=inactive started= reload=no
    [ ! -e $unit_dir/$unit ] || enabled=disabled
    [ ! -e $state/$unit.enabled ] || enabled=enabled
    [ ! -e $state/$unit.active ] || { active=active; started=@$(stat -c %Y $state/$unit.active); }
    [ ! -e $state/loaded/$unit ] || cmp -s $state/loaded/$unit $unit_dir/$unit || reload=yes
    echo UnitFileState=$enabled
    echo ActiveState=$active
    echo NeedDaemonReload=$reload
    echo ExecMainStartTimestamp=$started ;;
  daemon-reload)
    rm -rf $state/loaded
    mkdir -p $state/loaded
    cp $unit_dir/*.service $state/loaded/ 2>/dev/null
    exit 0 ;;
  enable) [ -e $unit_dir/$unit ] || exit 1; touch $state/$unit.enabled ;;
  disable) [ -e $unit_dir/$unit ] || exit 1; rm -f $state/$unit.enabled ;;
  start | restart) [ -e $unit_dir/$unit ] || exit 5; touch $state/$unit.active ;;
  stop) [ -e $unit_dir/$unit ] || exit 5; rm -f $state/$unit.active ;;
  *) exit 64 ;;
esac`,
  getent: `grep -q "^$2:" $root/etc/$1 || exit 2`,
  groupadd: `echo "$2:x:${GID}:" >>$root/etc/group`,
  groupdel: `sed -i "/^$1:/d" $root/etc/group`,
  useradd: `for name; do :; done; echo "$name:x:${GID}:${GID}::/:/bin/false" >>$root/etc/passwd`,
  usermod: `sed -i "s/^\\($3:x:[0-9]*\\):[0-9]*:/\\1:$2:/" $root/etc/passwd`,
  // As the real one: the user's own group goes, too, if it is the user's.
  userdel: `
grep -q "^$1:x:[0-9]*:0:" $root/etc/passwd || sed -i "/^$1:/d" $root/etc/group
sed -i "/^$1:/d" $root/etc/passwd`,
  install: `
[ "$1 $2 $4" = "-d -m -g" ] || exit 64
gid=$(grep "^$5:" $root/etc/group | cut -d: -f3)
exec /usr/bin/install -d -m $3 -g \${gid:?no such group} "$6"`,
  "apt-get": `
case "$*" in
  *update) touch $bin/lists ;;
  *--simulate*)
    [ -e $bin/lists ] || exit 100
    for word; do case $word in -*|install) ;; *) echo "Inst $word (1.0 stable)";; esac; done
    echo "Inst libdependency (1.0 stable)"
    echo "Inst libold [0.9] (1.0 stable)" ;;
  *install*)
    for word; do case $word in -*|install) ;; *) echo "$word" >>$state/packages;; esac; done
    echo libdependency >>$state/packages ;;
  *purge*)
    for word; do sed -i "/^$word\\$/d" $state/packages; done ;;
  *) exit 64 ;;
esac
${
    Object.entries(PACKAGES).map(([name, program]) => `
if grep -qx ${name} $state/packages 2>/dev/null; then touch $bin/${program}; chmod 755 $bin/${program}
else rm -f $bin/${program}; fi`).join("")
  }
[ -s $state/packages ] || rm -f $state/packages`,
  "dpkg-query": `
for word; do grep -qx "$word" $state/packages 2>/dev/null && echo "ii $word"; done
exit 1`,
};

/** A file root with stand-ins, on PATH while it lasts. */
export interface StandInSystem extends AsyncDisposable {
  readonly root: string;
}

/** Makes the root with what every host has: \`/etc\`, \`/run\`, \`/var/lib\`, systemd, accounts. */
export async function standInSystem(): Promise<StandInSystem> {
  const folder = await Deno.makeTempDir({ prefix: "viper-setup-" });
  const [root, bin, state] = ["root", "bin", "root/state"].map((name) => `${folder}/${name}`);
  for (
    const path of ["etc/systemd/system", "run/systemd/system", "var/lib", "var/log", "state/loaded"]
  ) {
    await Deno.mkdir(`${root}/${path}`, { recursive: true });
  }
  await Deno.writeTextFile(`${root}/etc/group`, "root:x:0:\n");
  await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/root:/bin/sh\n");
  await Deno.mkdir(bin!);
  for (const [name, script] of Object.entries(SCRIPTS)) {
    const text = `#!/bin/sh\nroot=${root} bin=${bin} state=${state}\n${script}\n`;
    await Deno.writeTextFile(`${bin}/${name}`, text, { mode: 0o755 });
  }
  for (const name of REAL) await Deno.symlink(await whereIs(name), `${bin}/${name}`);
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", bin!);
  return {
    root: root!,
    [Symbol.asyncDispose]: async () => {
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function whereIs(name: string): Promise<string> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/${name}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  throw new Error(`There is no "${name}" on PATH`);
}

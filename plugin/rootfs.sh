#!/bin/sh
# rootfs.sh x64|arm64 DIST: puts DIST/plugin together from DIST/locket, glibc and the manifest.
# No shell, no package manager: Node, the program, the shared objects that Node names, and the folders mounted over.
set -eu
arch=$1 dist=$2
top=$(dirname "$(dirname "$(readlink -f "$0")")")
case $arch in
  x64) triplet=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
esac
root=$dist/plugin/rootfs
rm -rf "$dist/plugin"
mkdir -p "$root"
cp "$top/config.json" "$dist/plugin/config.json"
cp -a "$dist/locket" "$root/locket"

# Where Debian's loader looks (lib/TRIPLET), and others' (lib64). Node's own library folder is found through /proc, which a bare
# chroot lacks, so libatomic lies here too.
"$top/plugin/shared-objects.sh" "$arch" "$root/lib/$triplet" "$loader" \
  libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 libstdc++.so.6 libgcc_s.so.1 libatomic.so.1
ln -s "lib/$triplet" "$root/lib64"
[ "$arch" = x64 ] || ln -s "$triplet/$loader" "$root/lib/$loader"

# The engine mounts over these; hosts come before DNS as on any other Linux.
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run/docker/plugins" "$root/etc/locket" "$root/var/lib/locket"
mkdir -m 1777 "$root/tmp"
: > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"

# There is no shell to start the program here. The kernel reads the first line too, but takes one option from it: two scripts give Node
# `--disable-sigusr1` before its program and `--` behind it. They start `node --disable-sigusr1 bin/start -- bin/locket ARGUMENTS`.
echo '#!/locket/bin/start --' > "$root/locket/bin/locket"
cp "$top/plugin/start-in-rootfs.cjs" "$root/locket/bin/start"
chmod 755 "$root/locket/bin/start"
"$top/plugin/build-id.sh" "$dist/plugin"
node "$top/scripts/build/check-rootfs.ts" "$arch" "$root"

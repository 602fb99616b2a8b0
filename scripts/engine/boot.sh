#!/bin/sh
# boot.sh CHECKOUT DIST: becomes systemd, in namespaces of its own (see systemd.ts), on an overlay of `/`. What it writes is below /run/e2e.
# The kernel's settings are read-only, and modules and the clock are out of its reach: they are those of the whole machine.
set -e
root=/run/e2e/root
mkdir -p /run/e2e/upper /run/e2e/work /run/e2e/docker $root
mount -t overlay -o lowerdir=/,upperdir=/run/e2e/upper,workdir=/run/e2e/work overlay $root
cd $root
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
  for hierarchy in /sys/fs/cgroup/*/; do
    name=$(basename "$hierarchy")
    mkdir "sys/fs/cgroup/$name"
    case $name in
      unified) mount -t cgroup2 cgroup2 "sys/fs/cgroup/$name" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "sys/fs/cgroup/$name" ;;
      *) mount -t cgroup -o "$name" cgroup "sys/fs/cgroup/$name" ;;
    esac
  done
fi
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p mnt/checkout old
mount --bind "$1" mnt/checkout
if [ "$2" != "$1/dist" ]; then mount --bind "$2" mnt/checkout/dist; fi
mount -o remount,bind,ro mnt/checkout
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mkdir -p var/lib/docker
mount --bind /run/e2e/docker var/lib/docker
if [ ! -e /run/e2e/booted ]; then
  # The services of this machine are not started, and its locket is not seen.
  rm -rf etc/systemd/system etc/locket var/lib/locket etc/docker var/log/journal usr/local/bin/locket usr/local/lib/locket
  mkdir -p etc/systemd/system etc/docker var/log/journal
  printf '{"storage-driver":"overlay2","iptables":false,"ip-forward":false,"bridge":"none"}\n' > etc/docker/daemon.json
  od -An -N 16 -tx1 /dev/urandom | tr -d ' \n' > etc/machine-id
  : > etc/fstab
  : > /run/e2e/booted
fi
pivot_root . old
# systemd moves the mounts of credentials by propagation, which a container manager has to set up.
mount --make-rshared /
exec env -i container=locket-e2e PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set=-sys_module,-sys_time \
  sh -c 'umount -l /old && exec /lib/systemd/systemd --unit=multi-user.target --log-target=journal'

#!/bin/sh
# debian-packages.sh PACKAGE[:PROGRAM]...: installs the Debian packages that are missing, and says so.
# With a program, whoever brought that program will do. No service is started, nothing is removed.
set -eu
missing=
for wanted; do
  package=${wanted%%:*}
  case $wanted in
    *:*) command -v "${wanted#*:}" > /dev/null && continue ;;
    *) dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q ' installed$' && continue ;;
  esac
  missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "missing on this machine, and this is not root with apt:$missing" >&2
  exit 1
fi
echo "installing from Debian, for up to a minute:$missing"
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod +x $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # one word per package
apt-get -qq install -y --no-install-recommends --no-remove $missing < /dev/null > /tmp/locket-apt.$$ 2>&1 \
  || { cat /tmp/locket-apt.$$ >&2; rm -f /tmp/locket-apt.$$; exit 1; }
rm -f /tmp/locket-apt.$$

#!/bin/sh
# stage.sh LOCKET ROOT PREFIX: lays the files of a package below ROOT: the program of the folder LOCKET, links, units, completions, manual.
set -eu
locket=$1 root=$2 prefix=$3
top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
share=$root$prefix/share
umask 022
mkdir -p "$root$prefix/bin" "$root$prefix/lib/docker/cli-plugins" "$root$prefix/lib/systemd/system" "$share/doc/locket" "$share/man/man1" \
  "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
cp -a "$locket" "$root$prefix/lib/locket"
ln -s ../lib/locket/bin/locket "$root$prefix/bin/locket"
ln -s ../../locket/bin/locket "$root$prefix/lib/docker/cli-plugins/docker-locket"
for unit in locket.service locket-serve.service; do
  sed "s|@PREFIX@|$prefix|" "$top/plugin/$unit" > "$root$prefix/lib/systemd/system/$unit"
done
completion() { node "$top/src/main.ts" completion "$1"; }
completion bash > "$share/bash-completion/completions/locket"
completion zsh > "$share/zsh/vendor-completions/_locket"
completion fish > "$share/fish/vendor_completions.d/locket.fish"
gzip -9n < "$top/docs/reference/locket.1" > "$share/man/man1/locket.1.gz"
cp "$top/LICENSE" "$share/doc/locket/copyright"
cp "$top/plugin/locket.toml" "$share/doc/locket/locket.toml"

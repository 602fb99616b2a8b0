#!/bin/sh
# clean-root.sh FOLDER: makes FOLDER a minimal Debian of this machine's release, for the test that installs the package; once.
set -eu
folder=$1
[ ! -d "$folder" ] || exit 0
echo "making a minimal Debian in $folder, for one to three minutes"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -E '/debian/?$' | head -n 1)
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mkdir -p "$(dirname "$folder")"
rm -rf "$folder.part"
debootstrap --variant=minbase "$codename" "$folder.part" "$mirror" > "$folder.log" 2>&1 || { tail "$folder.log" >&2; exit 1; }
rm -rf "$folder.part/var/cache/apt" "$folder.part/var/lib/apt/lists" "$folder.log"
mv "$folder.part" "$folder"

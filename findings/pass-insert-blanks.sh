#!/bin/sh
# pass stores a password without the blanks at its ends, except with --multiline.
#
# Versions: pass 1.7.4-6 of Debian; needs apt-get with Debian 12 or 13 as a source, bash and gpg.
# Behaviour: `pass insert NAME` asks twice, `pass insert --echo NAME` reads one line. Expected: the entry is that line.
#   Blanks and tabs at both ends are gone, without a word, and the second try of `pass insert`, which is made to catch mistakes, agrees.
#   `pass insert --multiline` keeps them, so an import by one option and by another gives two passwords.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
export GNUPGHOME="$work/gnupg" PASSWORD_STORE_DIR="$work/store" HOME="$work"
trap 'gpgconf --kill all; rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq pass=1.7.4-6 > log 2>&1 || { cat log; exit 1; }
dpkg-deb -x pass_*.deb program
pass=$work/program/usr/bin/pass

mkdir -m 700 gnupg
gpg --batch --quiet --passphrase '' --quick-generate-key someone@example.org >> log 2>&1
bash "$pass" init someone@example.org >> log 2>&1
printf ' \tse cret \n' | bash "$pass" insert --echo echoed >> log 2>&1
printf ' \tse cret \n \tse cret \n' | bash "$pass" insert asked >> log 2>&1
printf ' \tse cret \n' | bash "$pass" insert --multiline lines >> log 2>&1
for name in echoed asked lines; do
  printf '%-6s [%s]\n' "$name" "$(bash "$pass" show "$name" | tr '\t' '_')"
done > seen

cat > expected << 'TEXT'
echoed [se cret]
asked  [se cret]
lines  [ _se cret ]
TEXT
cat seen
diff expected seen > /dev/null || { cat log; echo 'changed: the entries are others'; exit 1; }
echo 'seen: blanks at both ends are lost, except with --multiline'

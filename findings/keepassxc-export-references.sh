#!/bin/sh
# keepassxc-cli export writes the text of a reference where keepassxc-cli show gives the password.
#
# Versions: keepassxc 2.7.4+dfsg.1-2 of Debian 12, pykeepass 4.2.0; needs apt-get with Debian 12 as a source, and python3 with pip.
# Behaviour: an entry whose password refers to that of another one, {REF:P@I:…}, as the clone of an entry in KeePassXC has it on demand.
#   Expected: all commands of one program give the same password. `show` resolves the reference.
#   `export` in XML and in CSV writes its text, without a warning, so a move to another manager gets `{REF:P@I:…}` as the password,
#   as does pykeepass. `show` also replaces {USERNAME} and {S:…} within any password, and leaves nothing for an attribute that
#   does not exist: the password `x{S:k}y` is shown as `xy`.
# Exits with 0 while this is so, with 1 when it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" XDG_RUNTIME_DIR="$work" QT_QPA_PLATFORM=offscreen PYTHONPATH="$work/python"
python3 -m pip install --quiet --target python pykeepass==4.2.0 > log 2>&1 || { cat log; exit 1; }
# The program, and those of its libraries that this machine lacks.
apt-get download -qq keepassxc=2.7.4+dfsg.1-2 >> log 2>&1 || { cat log; exit 1; }
apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances keepassxc |
  grep '^[a-z]' | sort -u | while read -r package; do
  dpkg-query -W "$package" > /dev/null 2>&1 || apt-get download -qq "$package" >> log 2>&1 || true
done
for package in *.deb; do dpkg-deb -x "$package" program; done
LD_LIBRARY_PATH=$(find program -name '*.so*' -printf "$work/%h\n" | sort -u | tr '\n' ':')
export LD_LIBRARY_PATH

cat > make.py << 'PY'
from pykeepass import create_database
database = create_database('secrets.kdbx', password='example')
owner = database.add_entry(database.root_group, 'owner', 'someone', 'the password')
database.add_entry(database.root_group, 'clone', 'someone', '{REF:P@I:%s}' % owner.uuid.hex.upper())
database.add_entry(database.root_group, 'braces', 'someone', 'x{S:k}y')
database.save()
PY
cat > read.py << 'PY'
from pykeepass import PyKeePass
database = PyKeePass('secrets.kdbx', password='example')
for title in ('clone', 'braces'):
    print('pykeepass ', title, database.find_entries(title=title, first=True).password)
PY
cli() { echo example | program/usr/bin/keepassxc-cli "$@" 2>> log; }
python3 make.py 2>> log
{
  for title in clone braces; do echo "show       $title $(cli show -q -a Password secrets.kdbx $title)"; done
  cli export -q -f xml secrets.kdbx | grep -o '<Value[^>]*>[^<]*[{][^<]*' | sed 's/<[^>]*>/export xml /'
  cli export -q -f csv secrets.kdbx | grep -o '"\(clone\|braces\)","someone","[^"]*"' | sed 's/^/export csv /'
  python3 read.py
} 2>> log | sed 's/@I:[0-9A-F]\{32\}}/@I:UUID}/' > seen

cat > expected << 'TEXT'
show       clone the password
show       braces xy
export xml {REF:P@I:UUID}
export xml x{S:k}y
export csv "clone","someone","{REF:P@I:UUID}"
export csv "braces","someone","x{S:k}y"
pykeepass  clone {REF:P@I:UUID}
pykeepass  braces x{S:k}y
TEXT
cat seen
diff expected seen > /dev/null || { cat log; echo 'changed: the commands give other passwords'; exit 1; }
echo 'seen: show and export disagree about a password'

#!/locket/bin/node --disable-sigusr1
'use strict'
// The kernel starts this file as bin/start for bin/locket, by the first line of each: see rootfs.sh.
process.argv.splice(1, 2)
require('../lib/start.cjs')

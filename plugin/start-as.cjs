'use strict'
// NAME ARGUMENTS…: starts the program as if it had been started by that name.
process.argv.splice(1, 1)
require('./start.cjs')

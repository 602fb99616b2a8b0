'use strict'
// NAME OPEN_FILES ARGUMENTS…: starts the program as if it had been started by that name, with that soft limit of
// open files.
const [openFiles] = process.argv.splice(3, 1)
process.env.HELD_OPEN_FILES = openFiles
process.argv.splice(1, 1)
require('./start.cjs')

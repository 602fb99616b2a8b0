'use strict'
/**
 * The build starts the program by this file instead of lib/start-as.cjs: it keeps V8's compiled code of every
 * file that was loaded, when the process ends. The first process that has loaded a file writes its code, with
 * the functions that have run by then.
 */
const { existsSync, mkdirSync, writeFileSync } = require('node:fs')
const { basename } = require('node:path')
const { setFlagsFromString } = require('node:v8')
const vm = require('node:vm')

// Collections of garbage and compilers of hot functions come when they like, and leave marks in the code.
const CHANCE = ['flush-bytecode', 'sparkplug', 'maglev', 'opt']
for (const flag of CHANCE) setFlagsFromString(`--no-${flag}`)
const made = []
vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options)
    made.push([`${__dirname}/cache/${basename(options.filename)}`, this])
  }
}
process.on('exit', () => {
  // V8 takes code only with the flags that it was written with.
  for (const flag of CHANCE) setFlagsFromString(`--${flag}`)
  mkdirSync(`${__dirname}/cache`, { recursive: true })
  for (const [path, script] of made) if (!existsSync(path)) writeFileSync(path, script.createCachedData())
})
require('./start-as.cjs')

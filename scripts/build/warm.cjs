'use strict'
/**
 * The build starts the program by this file instead of lib/start-as.cjs. It writes V8's compiled code of every
 * file that was loaded, when the process ends: that of the functions that have run, in this process and in
 * those before it.
 */
const { readFileSync, writeFileSync } = require('node:fs')
const { basename } = require('node:path')
const { setFlagsFromString } = require('node:v8')
const vm = require('node:vm')

// Collections of garbage and compilers of hot functions come when they like, and leave marks in the code.
const CHANCE = ['flush-bytecode', 'sparkplug', 'maglev', 'opt']
/** See start.cjs. */
const MARK = 32
const loaded = new Map()

function letChance(prefix) {
  for (const flag of CHANCE) setFlagsFromString(`${prefix}${flag}`)
}

vm.Script = class extends vm.Script {
  constructor(code, options) {
    // V8 takes code only with the flags that it was written with.
    letChance('--')
    super(code, options)
    letChance('--no-')
    if (this.cachedDataRejected === true) throw new Error(`V8 refuses the code of ${options.filename}`)
    loaded.set(options.filename, this)
  }
}
// Nothing comes after the command has taken the place of this process.
process.execve = () => process.exit(0)
process.on('exit', () => {
  letChance('--')
  for (const [path, script] of loaded) {
    const mark = readFileSync(path).subarray(0, MARK)
    const code = Buffer.concat([mark, script.createCachedData()])
    writeFileSync(`${__dirname}/cache/${basename(path)}`, code)
  }
})
letChance('--no-')
require('./start-as.cjs')

'use strict'
/**
 * Starts the program in place of start-as.cjs, and writes the compiled code of what it has loaded when it ends:
 * that of the functions that have run, in this process and in those before it.
 */
const fs = require('node:fs')
const vm = require('node:vm')
const { basename } = require('node:path')
const { Script } = vm
const loaded = new Map()

vm.Script = class extends Script {
  constructor(text, options) {
    super(text, options.cachedData.length > 0 ? options : { filename: options.filename })
    if (this.cachedDataRejected === true) throw new Error(`V8 refuses the code of ${options.filename}`)
    this.cachedDataRejected = false
    loaded.set(basename(options.filename), this)
  }
}

function save() {
  for (const [name, script] of loaded)
    fs.writeFileSync(`${__dirname}/cache/${name}`, script.createCachedData())
}

// Nothing comes after the command has taken the place of this process.
process.execve = () => process.exit(0)
process.on('exit', save)
require('./start-as.cjs')

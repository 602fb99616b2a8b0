'use strict'
const { readFileSync } = require('node:fs')
const vm = require('node:vm')

/** The length of the first line of a file, which says what the file holds (scripts/build/pack.ts). */
const MARK = 32

/**
 * Loads a file of `app` with V8's compiled code of it, which the build keeps in `cache`. Node's own compile
 * cache (`enableCompileCache`) holds the code of a file before it has run, so that every function inside
 * another one is compiled at each start. It also keeps all that it has read until the end. V8 refuses code of
 * another version or with other flags; then, and without any, it compiles the text.
 */
function load(file) {
  const filename = `${__dirname}/app/${file}`
  // Each byte is a character: the build writes ASCII.
  const text = readFileSync(filename, 'latin1')
  const code = `(function (module, require, load, __filename, __dirname) {${text}\n})`
  const script = new vm.Script(code, { filename, cachedData: compiled(file, text) })
  const module = { exports: {} }
  script.runInThisContext()(module, require, load, filename, `${__dirname}/app`)
  return module.exports
}

/** Returns undefined for code of another text: an upgrade may have ended between the two files. */
function compiled(file, text) {
  try {
    const code = readFileSync(`${__dirname}/cache/${file}`)
    return code.latin1Slice(0, MARK) === text.slice(0, MARK) ? code.subarray(MARK) : undefined
  } catch {
    // A build for another processor has none.
    return undefined
  }
}

load('main.cjs')

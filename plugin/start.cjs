'use strict'
/**
 * Loads lib/app/main.cjs, and the files that it asks for, with V8's compiled code of them in lib/cache. The
 * build writes that after it has run the program (scripts/build/warm.cjs): Node's own cache holds the code of a
 * file before it has run, so that every function inside another one is compiled again at each start.
 */
const { readFileSync } = require('node:fs')
const { Script } = require('node:vm')
let isUsable = true

function load(name) {
  const path = `${__dirname}/app/${name}`
  const code = isUsable ? codeOf(name) : undefined
  if (code === undefined) return loadByNode(path)
  const text = `(function (module, require, __filename, __dirname) {${readFileSync(path, 'latin1')}\n})`
  const script = new Script(text, { filename: path, cachedData: code })
  // V8 refuses the code of another version or with other flags.
  isUsable = script.cachedDataRejected === false
  if (!isUsable) return loadByNode(path)
  const module = { exports: {} }
  script.runInThisContext()(module, requireFile, path, `${__dirname}/app`)
  return module.exports
}

function requireFile(request) {
  return request.startsWith('./') ? load(request.slice(2)) : require(request)
}

function codeOf(name) {
  try {
    return readFileSync(`${__dirname}/cache/${name}`)
  } catch {
    return undefined
  }
}

/** Node keeps the code of such a file, if the folder can be written. */
function loadByNode(path) {
  require('node:module').enableCompileCache({ directory: `${__dirname}/cache`, portable: true })
  return require(path)
}

load('main.cjs')

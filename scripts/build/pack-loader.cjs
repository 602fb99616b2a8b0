'use strict'
/**
 * The first part of lib/app/main.cjs, see pack.ts. Runs the chunk `entry`. `files`: the file of each chunk
 * that is in a pack. `own`: the chunks of this file. plugin/start.cjs gives `load`.
 */
module.exports = function start(entry, files, own) {
  const chunks = Object.assign(Object.create(null), own)
  const loaded = Object.create(null)
  const bundleUrl = require('node:url').pathToFileURL(__filename).href
  const lazyModule = (module) => Object.create(module, { default: { value: module } })
  function requireChunk(request) {
    if (!request.startsWith('./')) return requireBuiltin(request)
    const name = request.slice(2)
    if (name in loaded) return loaded[name].exports
    if (!(name in chunks)) Object.assign(chunks, load(files[name] ?? name.replace(/\.mjs$/, '.cjs')))
    const module = (loaded[name] = { exports: {} })
    chunks[name](module, module.exports, requireChunk, lazyModule, bundleUrl, resolvePackage)
    return module.exports
  }
  requireChunk(`./${entry}`)
}

/** A bundle needs nothing but Node. `require` would also look into NODE_PATH and into the home directory. */
function requireBuiltin(name) {
  const found = process.getBuiltinModule(name)
  if (found !== undefined) return found
  throw Object.assign(new Error(`${name} is not in the bundle`), { code: 'MODULE_NOT_FOUND' })
}

/** Where the import of a package finds it. Throws when it is in no folder above this one. */
function resolvePackage(name) {
  for (let folder = __dirname; ; folder = `${folder}/..`) {
    const path = require('node:path').resolve(folder, 'node_modules', name)
    if (require('node:fs').existsSync(`${path}/package.json`)) return path
    if (require('node:path').resolve(folder) === '/') throw new Error(`there is no package ${name}`)
  }
}

'use strict'
/**
 * The first part of lib/app/main.cjs, see pack.ts. Runs the module `entry`. `own`: the modules of this file. A
 * module is asked for by its file and its name: `./exec.cjs/chunk-ABC.mjs`. plugin/start.cjs gives `load`.
 */
module.exports = function start(entry, own) {
  const modules = Object.assign(Object.create(null), own)
  const loaded = Object.create(null)
  const bundleUrl = require('node:url').pathToFileURL(__filename).href
  const lazyModule = (module) => Object.create(module, { default: { value: module } })
  function requireModule(request) {
    if (!request.startsWith('./')) return requireBuiltin(request)
    if (request in loaded) return loaded[request].exports
    if (!(request in modules)) Object.assign(modules, load(request.slice(2, request.lastIndexOf('/'))))
    const module = (loaded[request] = { exports: {} })
    const given = [defineProperty, defineExports, later, lazyModule, bundleUrl, resolvePackage]
    modules[request](module, module.exports, requireModule, ...given)
    return module.exports
  }
  /** Returns a function that gives the exports of a module, and runs the module when it is first called. */
  function later(request) {
    let exports
    return () => (exports ??= requireModule(request))
  }
  requireModule(entry)
}

const { defineProperty } = Object

/** As esbuild's own: an export is read when it is used. */
function defineExports(target, all) {
  for (const name in all) defineProperty(target, name, { get: all[name], enumerable: true })
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

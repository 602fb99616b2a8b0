'use strict'
// The first part of lib/app/main.cjs: see pack.ts.
const load = {
  /** Runs the chunk `entry`. `files`: the file of each chunk that is in a pack. `own`: the chunks of this file. */
  start(entry, files, own) {
    const chunks = Object.assign(Object.create(null), own)
    const loaded = Object.create(null)
    const bundleUrl = require('node:url').pathToFileURL(__filename).href
    const lazyModule = (module) => Object.create(module, { default: { value: module } })
    function requireChunk(request) {
      if (!request.startsWith('./')) return require(request)
      const name = request.slice(2)
      if (name in loaded) return loaded[name].exports
      if (!(name in chunks))
        Object.assign(chunks, require(`./${files[name] ?? name.replace(/\.mjs$/, '.cjs')}`))
      const module = (loaded[name] = { exports: {} })
      chunks[name](module, module.exports, requireChunk, lazyModule, bundleUrl, require.resolve)
      return module.exports
    }
    requireChunk(`./${entry}`)
  },
}

import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { LOADER, modulesOf, outputOf, tableOf, type Chunks, type Module } from './modules.ts'

/** The content of a pack. */
interface Pack {
  /** The file that holds these modules: `render.cjs`. */
  readonly file: string
  /** Sources that are in this pack, with all that they import. */
  readonly entries: readonly string[]
}

/** A file that the program loads. */
export interface PackedFile {
  readonly file: string
  readonly text: string
}

/** The program in modules, and the file of each. */
export interface Packed {
  readonly entry: string
  readonly modules: readonly Module[]
  readonly places: ReadonlyMap<string, string>
}

/** The file with the start and the loader, which is read in any case. */
export const PROGRAM = 'main.cjs'

/**
 * Node takes 0.5 ms for each ES module that it loads, and reads every export of its own modules that one
 * imports, streams included. So the modules become functions in a few CommonJS files. The loader runs a
 * module once, when something of it is first used.
 *
 * `coarse` are the chunks that are loaded together, each of which is a file. It goes into the first pack that
 * needs it. `fine` is the same program with a chunk for each source, which is in the file of its source.
 */
export async function packModules(
  coarse: Chunks['metafile'],
  fine: Chunks,
  packs: readonly Pack[],
): Promise<Packed> {
  const entry = packs[0]?.entries[0] ?? ''
  const modules = await modulesOf(fine, entry)
  const files = filesOfSources(coarse, packs)
  const entryPoints = new Map(
    Object.entries(fine.metafile.outputs).map(([path, { entryPoint }]) => [basename(path), entryPoint]),
  )
  const places = modules.map(({ name, inputs }): [string, string] => {
    const sources = [...inputs, entryPoints.get(name) ?? '']
    // A module without a source is esbuild's own.
    return [name, sources.map((path) => files.get(path)).find((file) => file !== undefined) ?? PROGRAM]
  })
  return { entry: basename(outputOf(fine, entry)), modules, places: new Map(places) }
}

/** The text of each file. */
export function packedFiles({ entry, modules, places }: Packed): Promise<readonly PackedFile[]> {
  const placeOf = (name: string): string | undefined => places.get(name)
  const texts = [...new Set(places.values())].map(async (file) => {
    const own = modules.filter(({ name }) => places.get(name) === file)
    const table = await tableOf(own, file, placeOf)
    const start = `module.exports(${JSON.stringify(`./${file}/${entry}`)}, ${table})`
    const text = file === PROGRAM ? `${LOADER}\n${start}\n` : `'use strict'\nmodule.exports = ${table}\n`
    return { file, text: markOf(text) + text }
  })
  return Promise.all(texts)
}

/**
 * The first line of a file, 32 bytes. The compiled code of the file begins with it too: V8 itself compares
 * the length of the text alone, and takes the code of an older file that is as long.
 */
function markOf(text: string): string {
  return `//${createHash('sha256').update(text).digest('hex').slice(0, 29)}\n`
}

/** The file of each source. */
function filesOfSources(coarse: Chunks['metafile'], packs: readonly Pack[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const place = (path: string, file: string): void => {
    if (files.has(path)) return
    files.set(path, file)
    const imports = coarse.outputs[path]?.imports ?? []
    for (const one of imports)
      if (one.kind === 'import-statement' && one.external !== true) place(one.path, file)
  }
  for (const { file, entries } of packs)
    for (const entry of entries) place(outputOf({ metafile: coarse }, entry), file)
  return new Map(
    Object.entries(coarse.outputs).flatMap(([path, { inputs, entryPoint }]) => {
      const file = files.get(path) ?? basename(path).replace(/\.mjs$/, '.cjs')
      const sources = Object.entries(inputs).flatMap(([source, { bytesInOutput }]) =>
        bytesInOutput > 0 || source === entryPoint ? [source] : [],
      )
      return sources.map((source): [string, string] => [source, file])
    }),
  )
}

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { transform, type BuildResult } from 'esbuild'

/** The chunks that esbuild wrote, and how they import each other. */
type Chunks = BuildResult<{ write: false; metafile: true }>

/** The content of a pack. */
interface Pack {
  /** The file that holds these chunks: `exec.cjs`. */
  readonly file: string
  /** Sources that are in this pack, with all that they import. */
  readonly entries: readonly string[]
}

/** A file that the program loads. */
interface PackedFile {
  readonly file: string
  readonly text: string
}

/**
 * Node takes 0.5 ms for each ES module that it loads, and reads every export of its own modules that one
 * imports, streams included. So the chunks become functions in a few CommonJS files. The loader runs a chunk
 * once, when it is first required.
 */
const LOADER = readFileSync(new URL('pack-loader.cjs', import.meta.url), 'utf8')

/**
 * The import of a module of Node as `* as name` or by its default, as esbuild writes it. It copies all
 * exports, which loads what each getter stands for: streams, workers. `lazyModule` reads an export when it is
 * used.
 */
const COPIED = /__toESM\(require\(("node:[a-z_/]+")\)\)/g

/** The arguments of a chunk beside those of a CommonJS module. */
const ARGUMENTS = 'lazyModule, bundleUrl, bundleResolve'

/**
 * A process keeps the text of what it has loaded: comments are most of it, and with one character that is not
 * ASCII, V8 keeps two bytes for each. Names stay: a stack trace in a bug report says something.
 */
export const COMPACT = { minifyWhitespace: true, lineLimit: 110 } as const

/** `import.meta` of a chunk, in CommonJS. The names are arguments of its function. */
const IMPORT_META = {
  'import.meta.url': 'bundleUrl',
  'import.meta.dirname': '__dirname',
  'import.meta.resolve': 'bundleResolve',
}

/**
 * Returns the chunks as CommonJS files. Each chunk goes into the first pack that needs it; one that no pack
 * needs gets a file of its own. The first pack is the program, with the loader in it.
 */
export async function packChunks(chunks: Chunks, packs: readonly Pack[]): Promise<readonly PackedFile[]> {
  const places = placesOf(chunks, packs)
  const functions = new Map<string, string[]>()
  for (const output of chunks.outputFiles) {
    const name = basename(output.path)
    const file = places.get(name) ?? ownFile(name)
    const text = await chunkFunction(name, output.text, inputsOf(chunks, name))
    functions.set(file, [...(functions.get(file) ?? []), text])
  }
  const [program, ...others] = packs
  const main = program?.file ?? ''
  const elsewhere = [...places].filter(([, file]) => file !== main)
  return [...functions].map(([file, texts]) => {
    const table = `{\n${texts.join(',\n')}\n}`
    if (file !== main) return { file, text: `'use strict'\nmodule.exports = ${table}\n` }
    const entry = basename(outputOf(chunks, program?.entries[0] ?? ''))
    const known = JSON.stringify(Object.fromEntries(elsewhere))
    if (others.length === 0) throw new Error('one pack alone would load everything')
    return { file, text: `${LOADER}\nmodule.exports(${JSON.stringify(entry)}, ${known}, ${table})\n` }
  })
}

/** The file of each chunk that is in a pack. */
function placesOf(chunks: Chunks, packs: readonly Pack[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  const place = (path: string, file: string): void => {
    if (places.has(basename(path))) return
    places.set(basename(path), file)
    const imports = chunks.metafile.outputs[path]?.imports ?? []
    for (const one of imports)
      if (one.kind === 'import-statement' && one.external !== true) place(one.path, file)
  }
  for (const { file, entries } of packs) for (const entry of entries) place(outputOf(chunks, entry), file)
  return places
}

function outputOf(chunks: Chunks, entry: string): string {
  const found = Object.entries(chunks.metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry)
  if (found === undefined) throw new Error(`${entry} has no chunk of its own`)
  return found[0]
}

/** The sources of a chunk. */
function inputsOf(chunks: Chunks, name: string): readonly string[] {
  const [, output] = Object.entries(chunks.metafile.outputs).find(([path]) => basename(path) === name) ?? []
  const inputs = Object.entries(output?.inputs ?? {})
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
}

function ownFile(name: string): string {
  return name.replace(/\.mjs$/, '.cjs')
}

async function chunkFunction(name: string, text: string, inputs: readonly string[]): Promise<string> {
  const { code } = await transform(text.replace(/^#!.*/, ''), {
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    define: IMPORT_META,
    // `import()` of a chunk becomes `require`, which is the loader's.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  })
  const body = await transform(withPlainExports(code).replaceAll(COPIED, 'lazyModule(require($1))'), COMPACT)
  // In brackets V8 compiles the function at once. Only then are the functions inside it in the compile cache.
  return [
    `${JSON.stringify(name)}: (function (module, exports, require, ${ARGUMENTS}) {`,
    // esbuild drops its own comments in this step. `test/build` looks for packages here.
    ...inputs.map((path) => `// ${path}`),
    `${inAscii(body.code)}})`,
  ].join('\n')
}

/** esbuild escapes every other character in code, but not in the licences of packages, which it keeps. */
function inAscii(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const EXPORTS = 'var stdin_exports = {};\n'
const COPIED_EXPORTS = 'module.exports = __toCommonJS(stdin_exports);\n'

/**
 * esbuild exports a copy of the object that has the exports, so that each use of one would go through two
 * getters. Throws for code that esbuild has written in another way.
 */
function withPlainExports(code: string): string {
  if (!code.includes('stdin_exports')) return code
  if (!code.includes(EXPORTS) || !code.includes(COPIED_EXPORTS))
    throw new Error('esbuild writes exports in another way now')
  const plain = 'var stdin_exports = __defProp(exports, "__esModule", { value: true });\n'
  return code.replace(EXPORTS, plain).replace(COPIED_EXPORTS, '')
}

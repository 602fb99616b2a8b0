import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { transform, type BuildResult } from 'esbuild'

/** The chunks that esbuild wrote, and how they import each other. */
export type Chunks = BuildResult<{ write: false; metafile: true }>

/** A chunk of esbuild as the body of a CommonJS function. */
export interface Module {
  /** As esbuild named it: `chunk-ABC.mjs`. */
  readonly name: string
  /** Its sources. */
  readonly inputs: readonly string[]
  /** It requires others by `"./NAME"`. */
  readonly body: string
}

/**
 * The import of a module of Node as `* as name` or by its default, as esbuild writes it. It copies all
 * exports, which loads what each getter stands for: streams, workers. `lazyModule` reads an export when it is
 * used.
 */
const COPIED = /__toESM\(require\(("node:[a-z_/]+")\)\)/g

/** The result of `import()` of a chunk. Its exports are getters already. */
const COPIED_OWN = /__toESM\(require\(("\.\/[\w-]+\.mjs")\)\)/g

/** The arguments of a module's function beside those of a CommonJS module. */
const ARGUMENTS = '__defProp, __export, requireLater, lazyModule, bundleUrl, bundleResolve'

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

/** The chunks that the source `entry` needs sooner or later. */
export async function modulesOf(chunks: Chunks, entry: string): Promise<readonly Module[]> {
  const texts = new Map(chunks.outputFiles.map(({ path, text }) => [basename(path), text]))
  const isPackaged = (name: string): boolean => hasPackage(inputsOf(chunks, name))
  const found = new Map<string, Module>()
  const names = [basename(outputOf(chunks, entry))]
  // The list grows while it is read.
  for (const name of names) {
    if (found.has(name)) continue
    const body = await bodyOf(name, texts.get(name) ?? '', isPackaged)
    found.set(name, { name, inputs: inputsOf(chunks, name), body })
    names.push(...[...body.matchAll(REQUEST)].map(([, wanted = '']) => wanted))
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The chunk with which a source begins. Throws for a source that is not an entry point. */
export function outputOf({ metafile }: Pick<Chunks, 'metafile'>, entry: string): string {
  const found = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry)
  if (found === undefined) throw new Error(`${entry} has no chunk of its own`)
  return found[0]
}

/** Another module in a module's body. */
const REQUEST = /(?<=require(?:Later)?\()"\.\/([\w-]+\.mjs)"/g

/** The modules as one object of functions, in `file`. `placeOf` gives the file of each module. */
export async function tableOf(
  modules: readonly Module[],
  file: string,
  placeOf: (name: string) => string | undefined,
): Promise<string> {
  const texts = modules.map(async ({ name, inputs, body }) => {
    const placed = body.replace(REQUEST, (_, wanted: string) => `"./${placeOf(wanted)}/${wanted}"`)
    const { code } = await transform(placed, COMPACT)
    // In brackets V8 compiles the function at once.
    return [
      `"./${file}/${name}": (function (module, exports, require, ${ARGUMENTS}) {`,
      // esbuild drops its own comments. `test/build` looks for packages here.
      ...inputs.map((path) => `// ${path}`),
      `${inAscii(code)}})`,
    ].join('\n')
  })
  return `{\n${(await Promise.all(texts)).join(',\n')}\n}`
}

function inputsOf({ metafile }: Chunks, name: string): readonly string[] {
  const [, output] = Object.entries(metafile.outputs).find(([path]) => basename(path) === name) ?? []
  const inputs = Object.entries(output?.inputs ?? {})
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
}

function hasPackage(inputs: readonly string[]): boolean {
  return inputs.some((path) => path.includes('node_modules/'))
}

async function bodyOf(name: string, text: string, isPackaged: (name: string) => boolean): Promise<string> {
  const { code } = await transform(text.replace(/^#!.*/, ''), {
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    define: IMPORT_META,
    // `import()` of a chunk becomes `require`, which is the loader's.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  })
  const plain = withPlainExports(code)
    .replaceAll(COPIED, 'lazyModule(require($1))')
    .replaceAll(COPIED_OWN, '(require($1))')
  return withLateImports(withSharedHelpers(plain), (other) => isPackaged(name) && isPackaged(other))
}

/** The functions that esbuild writes at the beginning of each chunk. */
const HELPERS =
  /^(?:var __(?:create|defProp|getOwnPropDesc|getOwnPropNames|getProtoOf|hasOwnProp|export|copyProps|toESM|toCommonJS) = (?:.*;|[^]*?\n(?:\}|\)\));)\n)+/

/** The two that are used are arguments: defined in each module, they would be a third of the text. */
function withSharedHelpers(code: string): string {
  const own = code.replace(HELPERS, '')
  return /\b__(?!defProp|export|esModule)[a-z]\w+\(/i.test(own) ? code : own
}

const NAMED_IMPORT = /^var (import_\w+) = require\("\.\/([^"]+)"\);$/gm
const BARE_IMPORT = /^require\("\.\/([^"]+)"\);\n/gm

/**
 * A module of ours runs when another one first uses an export of it: most of what a command imports it does
 * not use. Our modules do nothing but define, so that their order does not matter. Packages load each other
 * in the order that they ask for.
 */
function withLateImports(code: string, isEager: (name: string) => boolean): string {
  const late: string[] = []
  const imported = code
    .replace(BARE_IMPORT, (line, from: string) => (isEager(from) ? line : ''))
    .replace(NAMED_IMPORT, (line, name: string, from: string) => {
      if (isEager(from)) return line
      late.push(name)
      return `var ${name} = requireLater("./${from}");`
    })
  if (late.length === 0) return imported
  const used = new RegExp(`\\b(${late.join('|')})\\b(?= = requireLater|(\\.)?)`, 'g')
  return imported.replace(used, (name: string, _: string, dot: string | undefined, at: number) => {
    // With brackets, because of `new`.
    if (dot !== undefined) return `(${name}())`
    if (imported.startsWith(' = requireLater', at + name.length)) return name
    throw new Error(`esbuild uses ${name} in another way now`)
  })
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

/** The first part of the file that starts the program. */
export const LOADER = readFileSync(new URL('pack-loader.cjs', import.meta.url), 'utf8')

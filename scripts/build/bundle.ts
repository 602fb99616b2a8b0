import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { hasLibrary, onlyProvider } from './one-provider.ts'
import { COMPACT } from './modules.ts'
import { packedFiles, packModules, PROGRAM } from './pack.ts'
import { packBySamples } from './record.ts'

/**
 * Not bundled: they are looked for in `lib/node_modules` when a reference first needs them. 1Password's SDK
 * ships there, Bitwarden's never does: its licence forbids it, and whoever installs it there may use it.
 */
const OUTSIDE = ['@1password/sdk', '@bitwarden/sdk-napi']

/**
 * The chunks that are read together: the start, and all that every command that renders loads. Nothing else
 * is in these files, because V8 reads a file and the compiled code of its functions as a whole.
 */
const PACKS = [
  // A health check loads nothing else: engines call it every few seconds.
  { file: PROGRAM, entries: ['src/main.ts', 'src/cli/healthcheck.ts'] },
  { file: 'render.cjs', entries: ['src/cli/exec.ts', 'src/wire.ts'] },
]

/**
 * Bundles the program into CommonJS files that load what they need when they need it, and the process of the
 * SDKs into one ES module; returns the folders of the npm packages inside. With a kind, only that provider
 * can be opened. `natives`: the folder of koffi's native part for this machine.
 */
export async function bundle(
  root: string,
  outdir: string,
  kind: string | undefined,
  natives: string,
): Promise<readonly string[]> {
  const common = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    external: OUTSIDE,
    // It looks first where the build puts the native part. The other entry looks for a package.
    alias: { koffi: 'koffi/indirect' },
    format: 'esm' as const,
    outExtension: { '.js': '.mjs' },
    platform: 'node' as const,
    target: 'node26',
    metafile: true as const,
    plugins: [...onlyProvider(root, kind), lateModules, oneLanguage],
    logLevel: 'warning' as const,
  } satisfies BuildOptions
  const chunked = { ...common, splitting: true, write: false, metafile: true } as const
  const program = await build({ ...chunked, entryPoints: ['src/main.ts'] })
  const sources = Object.keys(program.metafile.inputs).filter((path) => path.startsWith('src/'))
  // With every source as an entry point, no chunk has two of them.
  const fine = await build({ ...chunked, entryPoints: sources.toSorted(), entryNames: '[name]-[hash]' })
  mkdirSync(outdir, { recursive: true })
  const packed = await packBySamples(await packModules(program.metafile, fine, PACKS), natives)
  for (const { file, text } of await packedFiles(packed)) writeFileSync(join(outdir, file), text)
  const inputs = Object.keys(program.metafile.inputs)
  if (!hasLibrary(kind)) return packagesOf(inputs)
  const worker = await build({
    ...common,
    ...COMPACT,
    entryPoints: ['src/sdk-worker.ts'],
    // CommonJS packages inside an ES module call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'\nconst require = bundleRequire(import.meta.url)",
    },
  })
  // As in the other files: `test/build` looks for packages here.
  const names = Object.keys(worker.metafile.inputs).map((path) => `// ${path}\n`)
  appendFileSync(join(outdir, 'sdk-worker.mjs'), names.join(''))
  return packagesOf([...inputs, ...Object.keys(worker.metafile.inputs)])
}

function packagesOf(inputs: readonly string[]): readonly string[] {
  const folders = inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
  return [...new Set(folders.filter((folder) => folder !== undefined))].toSorted()
}

/** Modules of Node that take milliseconds to load, and that most commands never come to use. */
const LATE = /^node:(child_process|crypto|fs\/promises|net|process|timers\/promises|tty|util|v8|vm)$/
/** Our own code, and packages that use nothing but functions of them. */
const IMPORTERS = /\/src\/[^]*\.ts$|\/node_modules\/otpauth\//

/**
 * To these, functions of those modules load them when they are called. To everybody, `node:process` is what
 * is there already: imported as a module, all that it has is read at once, and its standard streams are
 * opened.
 */
const lateModules: Plugin = {
  name: 'late-modules',
  setup(hooks) {
    hooks.onResolve({ filter: LATE }, ({ path, kind, importer }) => {
      const isWanted =
        path === 'node:process' || (IMPORTERS.test(importer) && usesFunctionsOnly(importer, path))
      return kind === 'import-statement' && isWanted ? { path, namespace: 'late' } : undefined
    })
    hooks.onLoad({ filter: /^/, namespace: 'late' }, ({ path }) => ({ contents: lateModule(path) }))
  },
}

/** False: the file imports a class or a value of the module, so it loads the module at once. */
function usesFunctionsOnly(file: string, module: string): boolean {
  const functions = new Set(functionsOf(module).map(([name]) => name))
  const imports = readFileSync(file, 'utf8').matchAll(/import \{([^}]*)\} from '(node:[^']+)'/g)
  const names = [...imports].flatMap(([, list = '', from]) => (from === module ? list.split(',') : []))
  return names.every((name) => {
    const [word = '', ...rest] = name.trim().split(' ')
    return word === '' || (word === 'type' && rest.length > 0) || functions.has(word)
  })
}

function functionsOf(module: string): readonly (readonly [name: string, value: object])[] {
  const entries: [string, unknown][] = Object.entries(process.getBuiltinModule(module) ?? {})
  return entries.flatMap(([name, value]) =>
    typeof value === 'function' && /^[a-z]/.test(name) ? [[name, value] as const] : [],
  )
}

function lateModule(path: string): string {
  if (path === 'node:process') return 'export default globalThis.process'
  return functionsOf(path)
    .map(([name, value]) => {
      const real = `process.getBuiltinModule('${path}').${name}`
      const late = `(...args) => ${real}(...args)`
      if (!(promisify.custom in value)) return `export const ${name} = ${late}`
      const symbol = "Symbol.for('nodejs.util.promisify.custom')"
      return `export const ${name} = Object.defineProperty(${late}, ${symbol}, { get: () => ${real}[${symbol}] })`
    })
    .join('\n')
}

/** zod's messages in other languages than English are a third of its text, and nobody can choose one. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup(hooks) {
    hooks.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {}' }))
  },
}

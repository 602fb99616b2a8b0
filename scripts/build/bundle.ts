import { chmodSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/**
 * Not bundled: they are looked for in `lib/node_modules` when a reference first needs them. 1Password's SDK
 * ships there, Bitwarden's never does: its licence forbids it, and whoever installs it there may use it.
 */
const OUTSIDE = ['@1password/sdk', '@bitwarden/sdk-napi']

/**
 * Bundles the program into ESM files that load what they need when they need it; returns the folders of the
 * npm packages inside.
 */
export async function bundle(root: string, outdir: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', 'sdk-worker': 'src/sdk-worker.ts' },
    outdir,
    bundle: true,
    external: OUTSIDE,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node26',
    // A process keeps the text of what it has loaded: comments are most of it, and with one character that is
    // not ASCII, V8 keeps two bytes for each. Names stay: a stack trace in a bug report says something.
    minifyWhitespace: true,
    lineLimit: 110,
    metafile: true,
    plugins: [lateModules, sharedSettings(root), oneLanguage],
    logLevel: 'warning',
    // CommonJS packages inside an ES module call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'\nconst require = bundleRequire(import.meta.url)",
    },
  })
  // esbuild makes what begins with #! a program; this one is started by the launcher.
  chmodSync(join(outdir, 'main.mjs'), 0o644)
  const folders = Object.keys(metafile.inputs).map(
    (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1],
  )
  return [...new Set(folders.filter((folder) => folder !== undefined))].toSorted()
}

/** Modules of Node that take milliseconds to load, and that most commands never come to use. */
const LATE = /^node:(crypto|util|v8|vm|process)$/
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
      const isWanted = path === 'node:process' || IMPORTERS.test(importer)
      return kind === 'import-statement' && isWanted ? { path, namespace: 'late' } : undefined
    })
    hooks.onLoad({ filter: /^/, namespace: 'late' }, ({ path }) => ({ contents: lateModule(path) }))
  },
}

/** Values that are not functions are not exported: a build that imports one fails. */
function lateModule(path: string): string {
  if (path === 'node:process') return 'export default globalThis.process'
  const entries = Object.entries(process.getBuiltinModule(path) ?? {})
  const functions = entries.filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name))
  return functions
    .map(
      ([name]) => `export const ${name} = (...args) => process.getBuiltinModule('${path}').${name}(...args)`,
    )
    .join('\n')
}

/** zod's messages in other languages than English are a third of its text, and nobody can choose one. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup(hooks) {
    hooks.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {}' }))
  },
}

/** Files that `import()` loads once a command reads settings. They load `SHARED`. */
const AFTER_SETTINGS =
  /\/src\/(cli\/(audit|check|completion|compose|enrol|exec|export|grant|inject|machine|run|secret|secret-ref|serve|status|volume|help\/page)|wire|wire-broker|http\/server|http\/docker\/plugin)\.ts$/
/** The settings, and what every command that renders comes to use. */
const SHARED = [
  'src/config/{load,load-rendering,{sections,layers,entries,describe,volume}/*}.ts',
  'src/core/{template,filters,plan,waiting,vocabulary,text,env-formats,volume}/*.ts',
  'src/app/{recipe,render,renewal,sinks}/*.ts',
]

/**
 * Makes every command that reads settings load all of `SHARED` as the same few files. esbuild would otherwise
 * write a file for each set of commands that share a module, and each file costs a start up to 1 ms.
 */
function sharedSettings(root: string): Plugin {
  return {
    name: 'shared-settings',
    setup(hooks) {
      const paths = globSync(SHARED, { cwd: root }).filter((path) => !path.endsWith('.test.ts'))
      const contents = paths.map((path) => `import ${JSON.stringify(`./${path}`)}\n`).join('')
      hooks.onResolve({ filter: /^shared-settings$/ }, ({ path }) => ({ path, namespace: 'shared' }))
      hooks.onLoad({ filter: /^/, namespace: 'shared' }, () => ({ contents, resolveDir: root }))
      hooks.onLoad({ filter: AFTER_SETTINGS }, ({ path }) => ({
        contents: `${readFileSync(path, 'utf8')}\nimport 'shared-settings'\n`,
        loader: 'ts',
      }))
    },
  }
}

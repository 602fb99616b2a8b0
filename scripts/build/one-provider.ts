import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plugin } from 'esbuild'
import { LIBRARIES } from '../../src/providers/libraries.ts'
import { PROVIDERS } from '../../src/providers/index.ts'

/**
 * Leaves out the code that opens the other kinds, and all that only this code imports. Their declarations
 * stay, because messages about settings and references need them.
 */
export function onlyProvider(root: string, kind: string | undefined): readonly Plugin[] {
  if (kind === undefined) return []
  if (!SINGLE_KINDS.includes(kind)) throw new Error(`no build has ${kind} alone: ${SINGLE_KINDS.join(', ')}`)
  const folder = join(root, 'src/providers')
  const kept = new Set([kind, ...ALWAYS])
  return [
    {
      name: 'only-provider',
      setup(hooks) {
        hooks.onResolve({ filter: OPENERS }, ({ path, importer }) => {
          const place = join(dirname(importer), path)
          const [, found = ''] = /\/src\/providers\/([^/]+)\/[^/]+$/.exec(place) ?? []
          return found === '' || kept.has(found) ? undefined : { path: place, namespace: 'left-out' }
        })
        hooks.onLoad({ filter: /^/, namespace: 'left-out' }, ({ path }) => ({
          contents: leftOut(path, kind),
          resolveDir: folder,
          loader: 'ts',
        }))
      },
    },
  ]
}

/** Whether a build with this kind alone runs a library in a process of its own. */
export function hasLibrary(kind: string | undefined): boolean {
  return kind === undefined || kind in LIBRARIES
}

/** They are in every build. `locket secret` writes the embedded store; the others are a page of code. */
const ALWAYS = ['local', 'env', 'dotenv']
/** They run a program of the machine, which no image has. */
const BY_PROGRAM = ['pass', 'keepassxc', 'sops']

/** The kinds that a build can have alone. */
export const SINGLE_KINDS: readonly string[] = PROVIDERS.map(({ kind }) => kind).filter(
  (kind) => kind === 'local' || ![...ALWAYS, ...BY_PROGRAM].includes(kind),
)

/** The imports of a kind when it is opened, and of the process of a fenced library. */
const OPENERS = /^\.\/(?:open|[^/]+\/sdk-methods)\.ts$/

/** A module with the same functions, each of which says where the provider is. */
function leftOut(path: string, kind: string): string {
  const [, other = ''] = /([^/]+)\/[^/]+$/.exec(path) ?? []
  const source = readFileSync(path, 'utf8')
  const names = [...source.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm)].map(([, name]) => name)
  const reason = JSON.stringify(`${other} is not in this build, which has ${kind} alone`)
  const own = SINGLE_KINDS.includes(other) ? `, or locket-${other}` : ''
  const hint = JSON.stringify(`use the image locket, which has every provider${own}`)
  return [
    "import { providerError } from './lib/provider-error.ts'",
    `const missing = () => { throw providerError('config', ${reason}, { hint: ${hint} }) }`,
    ...names.map((name) => `export const ${name} = missing`),
  ].join('\n')
}

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'

interface Layer {
  /** Layers and packages it may load. */
  readonly uses: readonly string[]
  /** Layers of which it may name types. */
  readonly types?: readonly string[]
}

interface Import {
  /** A path from the top folder, or a package. */
  readonly target: string
  readonly isType: boolean
}

/** Who may load what. `node:*` stands for all that Node brings. */
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { uses: ['node:crypto', 'node:util', 'otpauth', 'fastest-levenshtein'] },
  settings: { uses: ['core', 'zod', 'node:util'] },
  host: { uses: ['core', 'koffi', 'chokidar', 'pino', 'zod', 'node:*'] },
  providers: { uses: ['core', 'settings', 'zod', 'p-limit', 'age-encryption', '@1password/sdk', 'node:*'] },
  config: {
    uses: ['core', 'settings', 'providers', 'zod', 'smol-toml', 'yaml', 'commander', 'node:util', 'node:fs'],
  },
  app: { uses: ['core'], types: ['config', 'providers'] },
  http: { uses: ['app', 'core', 'fastify', 'zod', 'node:*'], types: ['config'] },
  cli: {
    uses: ['app', 'http', 'config', 'core', 'commander', 'wire.ts', 'node:*'],
    types: ['settings', 'providers'],
  },
  'wire.ts': { uses: ['app', 'config', 'core', 'host', 'providers', 'settings', 'node:*'] },
  'run.ts': { uses: ['cli', 'config', 'core', 'wire.ts', 'node:*'], types: ['settings'] },
  'sdk-worker.ts': { uses: ['host', 'providers', 'node:*'] },
  'main.ts': { uses: ['run.ts', 'node:*'] },
}

/** Where a secret's bytes are taken out of their wrapper. This list is the security review. */
const REVEALS: readonly string[] = [
  'src/app/environment.ts',
  'src/cli/export.ts',
  'src/cli/print-value.ts',
  'src/core/fingerprint.ts',
  'src/core/printed-forms.ts',
  'src/core/template/render.ts',
  'src/host/file-tree.ts',
  'src/host/placed-files.ts',
  'src/providers/instance.ts',
  'src/providers/lib/credential.ts',
  'src/providers/local/document.ts',
]

const TOUCHES_THE_MACHINE = /^src\/(main\.ts|run\.ts|sdk-worker\.ts|host\/)/
const MACHINE = /\bprocess\.|\bDate\.now\(|\bset(Timeout|Interval)\(|\bMath\.random\(|\bconsole\./
const DUMPING_GROUND = /(^|[/-])(utils?|helpers?|common|misc|shared|managers?|services?|types)([/.-]|$)/
const STRING_OR_COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'/g

const texts = new Map(
  globSync('{src,test,scripts,bench}/**/*.ts')
    .toSorted()
    .map((path) => [path, readFileSync(path, 'utf8')]),
)
const program = [...texts.keys()].filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'))

test('R1: every import follows the table of layers', () => {
  const broken = program.flatMap((path) =>
    importsOf(path)
      .filter(({ target, isType }) => !mayUse(path, target, isType))
      .map(({ target }) => `${path} imports ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('R2: no file imports itself, by whatever way round', () => {
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `a cycle: ${[...trail, path].join(' → ')}`)
    if (done.has(path)) return
    for (const { target } of importsOf(path)) if (texts.has(target)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of program) visit(path, [])
})

test('R3: files are short, named in kebab-case, and imported with their ending', () => {
  const isLong = (path: string): boolean => (texts.get(path) ?? '').split('\n').length > 301
  const isMissing = ({ target }: Import): boolean =>
    /^(src|test|scripts|bench)\//.test(target) && !existsSync(target)
  const paths = [...texts.keys()]
  assert.deepEqual(paths.filter(isLong), [])
  assert.deepEqual(
    paths.filter((path) => !/^[a-z0-9./-]+$/.test(path)),
    [],
  )
  assert.deepEqual(
    paths.filter((path) => importsOf(path).some(isMissing)),
    [],
  )
})

test('R4: no name that would hold anything, and no index.ts that is not a registry', () => {
  for (const path of texts.keys()) {
    assert.doesNotMatch(path, DUMPING_GROUND, path)
    const isRegistry = ['src/providers', 'src/core/filters', 'src/cli'].includes(dirname(path))
    assert.ok(basename(path) !== 'index.ts' || isRegistry, `${path} is a barrel`)
  }
})

test('R5: only main.ts, run.ts and host/ touch the process, the clock and the console', () => {
  for (const path of program) {
    if (!TOUCHES_THE_MACHINE.test(path)) assert.doesNotMatch(codeOf(path), MACHINE, path)
  }
})

test('R6: a secret is revealed in few places, all of them known', () => {
  assert.deepEqual(
    program.filter((path) => codeOf(path).includes('.reveal(')),
    REVEALS,
  )
})

test('R9: no test replaces a module', () => {
  const method = ['mock', 'module'].join('.')
  for (const [path, text] of texts) assert.ok(!text.includes(`${method}(`), path)
})

test('R10: every provider has a guide and a contract test', () => {
  const providers = importsOf('src/providers/index.ts').filter((it) => !it.isType)
  assert.ok(providers.length > 0)
  const missing = providers.flatMap(({ target }) => {
    const kind = basename(target, '.ts')
    return [`docs/guides/${kind}.md`, `test/contract/${kind}.test.ts`].filter((file) => !existsSync(file))
  })
  assert.deepEqual(missing, [])
})

function mayUse(path: string, target: string, isType: boolean): boolean {
  const own = layerOf(path)
  const { uses, types = [] } = LAYERS[own] ?? { uses: [] }
  const allowed = [own, ...uses, ...(isType ? types : [])]
  const wanted = target.startsWith('src/') ? layerOf(target) : target
  return allowed.includes(wanted) || (wanted.startsWith('node:') && allowed.includes('node:*'))
}

/** `src/core/x/y.ts` → `core`; `src/wire.ts` → `wire.ts`. */
function layerOf(path: string): string {
  return path.split('/')[1] ?? path
}

function importsOf(path: string): readonly Import[] {
  const text = texts.get(path) ?? ''
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  )
  return [...found].map(([, isType, fixed, lazy = '']) => {
    const name = fixed ?? lazy
    return { target: name.startsWith('.') ? join(dirname(path), name) : name, isType: isType !== undefined }
  })
}

function codeOf(path: string): string {
  return (texts.get(path) ?? '').replaceAll(STRING_OR_COMMENT, '')
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
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

/**
 * Which rooms of a layer a room may load, beside itself. `.` stands for the files that lie in the layer's own folder: each room may load
 * them, and they may load every room.
 */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  core: {
    vocabulary: [],
    text: ['vocabulary'],
    waiting: ['vocabulary'],
    volume: ['vocabulary'],
    ports: ['vocabulary', 'text', 'volume'],
    filters: ['vocabulary', 'text'],
    'env-formats': ['vocabulary', 'text'],
    template: ['vocabulary', 'text', 'filters'],
    plan: ['vocabulary', 'ports'],
  },
  config: {
    sections: [],
    layers: ['sections'],
    describe: ['sections', 'layers'],
    entries: ['sections', 'layers'],
    instances: ['sections', 'layers', 'entries'],
    volume: ['sections', 'layers', 'entries', 'instances'],
    compose: ['sections', 'layers', 'entries', 'instances', 'volume'],
  },
  app: {
    access: [],
    render: [],
    recipe: ['render'],
    volume: ['access', 'render', 'recipe'],
    exec: ['render', 'recipe'],
    inject: ['render', 'recipe'],
    export: ['render', 'recipe'],
    check: ['render', 'recipe'],
    secret: [],
  },
  host: {
    files: [],
    mounts: ['files'],
    sources: [],
    state: ['files'],
    process: [],
    log: [],
    daemon: ['files'],
  },
}

/** Folders that grow by an entry for each thing of their kind, with an `index.ts` that lists them. */
const REGISTRIES: readonly string[] = ['src/cli', 'src/core/filters', 'src/providers']

/** Entries of a folder, tests not counted: more of them are rooms that nobody has named. */
const MOST_ENTRIES = 14

/** Where a secret's bytes are taken out of their wrapper. This list is the security review. */
const REVEALS: readonly string[] = [
  'src/app/recipe/environment.ts',
  'src/cli/export.ts',
  'src/cli/terminal/print-value.ts',
  'src/core/template/render.ts',
  'src/core/text/printed-forms.ts',
  'src/core/vocabulary/fingerprint.ts',
  'src/host/files/file-tree.ts',
  'src/host/files/placed-files.ts',
  'src/providers/instance.ts',
  'src/providers/lib/login/credential.ts',
  'src/providers/local/document.ts',
]

/** The top folder. */
const TOP: readonly string[] = [
  '.ci',
  '.gitignore',
  '.npmrc',
  '.oxfmtrc.json',
  '.oxlintrc.json',
  'Dockerfile',
  'Dockerfile.rootfs',
  'LICENSE',
  'Makefile',
  'README.md',
  'bench',
  'config.json',
  'docs',
  'package-lock.json',
  'package.json',
  'plugin',
  'scripts',
  'src',
  'test',
  'tsconfig.json',
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

test('R1: every import inside a layer follows the table of its rooms', () => {
  const broken = program.flatMap((path) =>
    importsOf(path)
      .filter(({ target }) => !mayEnter(path, target))
      .map(({ target }) => `${path} imports ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('R11: no folder of the program has more entries than a person takes in at once', () => {
  const entries = new Map<string, Set<string>>()
  for (const path of program) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/')
      entries.set(folder, (entries.get(folder) ?? new Set()).add(parts[depth] ?? ''))
    }
  }
  const full = [...entries].filter(([folder, names]) => {
    return names.size > MOST_ENTRIES && !REGISTRIES.includes(folder)
  })
  assert.deepEqual(
    full.map(([folder]) => folder),
    [],
  )
})

test('R12: the top folder holds what it is known for and nothing else', () => {
  const listed = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n')
  const found = new Set(listed.filter((path) => existsSync(path)).map((path) => path.split('/')[0] ?? ''))
  assert.deepEqual([...found].sort(), TOP)
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
    const isRegistry = REGISTRIES.includes(dirname(path))
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

test('R13: no exported name stands for two things', () => {
  const owners = new Map<string, Set<string>>()
  for (const path of program) {
    const found = codeOf(path).matchAll(
      /^export (?:async )?(?:function\*?|interface|type|const|let|class) (\w+)/gm,
    )
    for (const [, name = ''] of found) owners.set(name, (owners.get(name) ?? new Set()).add(path))
  }
  const twice = [...owners].filter(([name, paths]) => paths.size > 1 && name !== 'command')
  assert.deepEqual(
    twice.map(([name, paths]) => `${name}: ${[...paths].join(', ')}`),
    [],
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
    return [`docs/guides/${kind}.md`, `test/contract/${kind}/${kind}.test.ts`].filter(
      (file) => !existsSync(file),
    )
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

function mayEnter(path: string, target: string): boolean {
  const rooms = ROOMS[layerOf(path)]
  if (rooms === undefined || !target.startsWith('src/') || layerOf(target) !== layerOf(path)) return true
  const [from, to] = [roomOf(path), roomOf(target)]
  return from === to || from === '.' || to === '.' || (rooms[from]?.includes(to) ?? false)
}

/** `src/core/x/y.ts` → `x`; `src/core/y.ts` → `.`. */
function roomOf(path: string): string {
  return path.split('/').length > 3 ? (path.split('/')[2] ?? '.') : '.'
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

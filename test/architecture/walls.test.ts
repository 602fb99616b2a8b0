import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, program, texts } from './source.ts'

interface Layer {
  /** Layers and packages it may load. */
  readonly uses: readonly string[]
  /** Layers of which it may name types. */
  readonly types?: readonly string[]
}

/** Which layers and packages a layer may load. `node:*` means all modules of Node. */
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { uses: ['node:crypto', 'node:net', 'node:util', 'otpauth', 'fastest-levenshtein'] },
  settings: { uses: ['core', 'zod', 'node:util'] },
  host: {
    uses: [
      'core',
      'koffi',
      'pino',
      'pg',
      'openid-client',
      'fflate',
      'zod',
      '@bufbuild/cel',
      'jose',
      'node:*',
    ],
  },
  providers: { uses: ['core', 'settings', 'zod', 'p-limit', 'age-encryption', '@1password/sdk', 'node:*'] },
  config: {
    uses: ['core', 'settings', 'providers', 'zod', 'smol-toml', 'yaml', 'node:util', 'node:fs'],
  },
  app: { uses: ['core'], types: ['config', 'providers'] },
  http: {
    uses: [
      'app',
      'core',
      'fastify',
      'zod',
      '@simplewebauthn/server',
      'prom-client',
      'prom-client/lib/registry.js',
      'node:*',
    ],
    types: ['config'],
  },
  cli: {
    uses: ['app', 'http', 'config', 'core', 'wire.ts', 'wire-broker', 'node:*'],
    types: ['settings', 'providers'],
  },
  'wire.ts': { uses: ['app', 'config', 'core', 'host', 'providers', 'settings', 'node:*'] },
  'wire-broker': { uses: ['app', 'core', 'host', 'providers', 'wire.ts', 'node:*'] },
  'run.ts': { uses: ['cli', 'config', 'core', 'wire.ts', 'node:*'], types: ['settings'] },
  'sdk-worker.ts': { uses: ['host', 'providers', 'node:*'] },
  'start-state.ts': { uses: ['node:*'], types: ['core'] },
  'main.ts': { uses: ['run.ts', 'start-state.ts', 'node:*'] },
}

/**
 * Which rooms of a layer a room may load, beside itself. `.` is the room of the files in the layer's own
 * folder: each room may load them, and they may load every room.
 */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  core: {
    vocabulary: [],
    text: ['vocabulary'],
    waiting: ['vocabulary'],
    keys: ['vocabulary'],
    'last-known-good': ['vocabulary', 'keys'],
    audit: ['vocabulary', 'keys'],
    volume: ['vocabulary', 'text'],
    ports: ['vocabulary', 'text', 'volume', 'audit', 'broker'],
    filters: ['vocabulary', 'text'],
    template: ['vocabulary', 'text', 'waiting', 'filters'],
    plan: ['vocabulary', 'text', 'ports'],
    broker: ['vocabulary', 'text', 'audit'],
    blind: ['vocabulary', 'text'],
    reload: ['vocabulary', 'text', 'ports', 'plan'],
  },
  config: {
    sections: [],
    layers: ['sections'],
    describe: ['sections', 'layers'],
    entries: ['sections', 'layers'],
    instances: ['sections', 'layers', 'entries'],
    volume: ['sections', 'layers', 'entries', 'instances'],
    compose: ['sections', 'layers', 'entries', 'instances', 'volume'],
    init: ['sections', 'layers'],
    broker: ['sections', 'layers'],
    mapping: ['sections', 'layers', 'entries'],
  },
  app: {
    access: [],
    'last-known-good': ['access', 'render'],
    leases: ['access', 'renewal'],
    audit: ['access'],
    recipe: [],
    render: ['recipe'],
    sinks: ['render', 'recipe'],
    renewal: [],
    reload: ['renewal', 'sinks'],
    swarm: ['access', 'audit', 'render', 'recipe'],
    volume: [
      'access',
      'audit',
      'last-known-good',
      'leases',
      'render',
      'recipe',
      'reload',
      'sinks',
      'renewal',
      'swarm',
    ],
    admin: ['volume', 'access', 'render', 'sinks', 'swarm'],
    exec: ['leases', 'render', 'recipe', 'sinks', 'renewal'],
    inject: ['leases', 'render', 'recipe', 'sinks', 'renewal'],
    export: ['render', 'recipe', 'sinks'],
    check: ['access', 'render', 'recipe', 'swarm'],
    doctor: ['check'],
    mapping: ['access', 'render', 'recipe'],
    secret: ['render'],
    prune: [],
    init: [],
    policy: [],
    broker: ['access', 'policy'],
    dashboard: ['access', 'broker', 'policy'],
    grackle: ['broker', 'policy'],
    blind: ['audit', 'exec', 'leases', 'render', 'renewal', 'recipe', 'sinks'],
  },
  host: {
    files: [],
    mounts: ['files'],
    sources: [],
    state: ['files'],
    'last-known-good': ['files'],
    audit: ['files'],
    process: [],
    log: [],
    daemon: ['files'],
    broker: ['files'],
    policy: [],
    blind: ['broker', 'files', 'process'],
    engine: ['daemon', 'state'],
  },
}

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

test('R2: no file imports itself, directly or through others', () => {
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `a cycle: ${[...trail, path].join(' → ')}`)
    if (done.has(path)) return
    for (const { target } of importsOf(path)) if (texts.has(target)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of program) visit(path, [])
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

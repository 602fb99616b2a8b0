import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkClock } from '../../src/app/doctor/checks/clock.ts'
import { checkEngine } from '../../src/app/doctor/checks/engine.ts'
import { checkPermissions } from '../../src/app/doctor/checks/permissions.ts'
import { checkPlugin } from '../../src/app/doctor/checks/plugin.ts'
import { checkProxies } from '../../src/app/doctor/checks/proxies.ts'
import { checkSettings } from '../../src/app/doctor/checks/settings.ts'
import { checkSwap } from '../../src/app/doctor/checks/swap.ts'
import { diagnose } from '../../src/app/doctor/doctor.ts'
import { doctorJson, doctorText } from '../../src/app/doctor/text.ts'
import type { DoctorCheck, Patient } from '../../src/app/doctor/finding.ts'
import type { AccessFacts } from '../../src/core/volume/host-view.ts'
import type { InstalledPlugin } from '../../src/core/volume/swarm/swarm-view.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { createManualClock } from '../fakes/manual-clock.ts'

const SOCKET = '/run/docker.sock'
const DAEMON = '/run/docker/plugins/locket.sock'
const KEY = 'canary-doctor-proxy-41c0'

interface Machine {
  readonly files?: Readonly<Record<string, string>>
  /** The facts of each path. Other paths are empty. */
  readonly modes?: Readonly<Record<string, AccessFacts>>
  readonly version?: () => Promise<string>
  readonly plugin?: InstalledPlugin
}

const file = (mode: number, uid = 0): AccessFacts => ({ isFolder: false, mode, uid })
const folder = (mode: number, uid = 0): AccessFacts => ({ isFolder: true, mode, uid })

function patient({ files = {}, modes = {}, ...engine }: Machine, more: Partial<Patient> = {}): Patient {
  return {
    host: {
      text: async (path) => files[path],
      access: async (path) => modes[path],
      names: async (path) =>
        Object.keys(modes).flatMap((each) => {
          const name = each.startsWith(`${path}/`) ? each.slice(path.length + 1) : ''
          return name === '' || name.includes('/') ? [] : [name]
        }),
      engineVersion: engine.version ?? (async () => '28.5.2'),
      plugin: async () => engine.plugin,
    },
    env: {},
    dockerSocket: SOCKET,
    pluginSocket: DAEMON,
    driver: 'locket',
    problems: [],
    configFiles: [],
    folder: '/etc/locket',
    ...more,
  }
}

async function levels(check: DoctorCheck, who: Patient): Promise<string[]> {
  const found = await check(who, new AbortController().signal)
  for (const { level, cure } of found)
    assert.equal(cure === undefined, level === 'ok', 'a cure for each trouble')
  return found.map(({ level, text }) => `${level}: ${text}`)
}

test('settings: each mistake is a problem', async () => {
  assert.deepEqual(await levels(checkSettings, patient({})), ['ok: no configuration file here'])
  assert.deepEqual(await levels(checkSettings, patient({}, { problems: ['a is wrong', 'b too'] })), [
    'problem: a is wrong',
    'problem: b too',
  ])
})

test('engine: its version, its absence, and its failure', async () => {
  const modes = { [SOCKET]: file(0o660) }
  assert.deepEqual(await levels(checkEngine, patient({ modes })), [
    `ok: Docker Engine 28.5.2 answers at ${SOCKET}`,
  ])
  assert.match(String(await levels(checkEngine, patient({}))), /^note: there is no Docker Engine/)
  const version = () => Promise.reject(new LocketError('denied', 'permission denied'))
  assert.deepEqual(await levels(checkEngine, patient({ modes, version })), ['problem: permission denied'])
})

test('plugin: enabled, disabled, without a folder, beside a daemon, none', async () => {
  const plugin = (isEnabled: boolean, source: string): InstalledPlugin => ({
    isEnabled,
    types: [],
    layers: [],
    variables: new Map(),
    mounts: new Map([['config', source]]),
  })
  const modes = { [SOCKET]: file(0o660) }
  const both = { ...modes, [DAEMON]: file(0o600) }
  const look = (machine: Machine) => levels(checkPlugin, patient(machine))
  assert.deepEqual(await look({ modes, plugin: plugin(true, '/etc/locket') }), [
    'ok: the plugin locket is enabled',
    'ok: config.source is /etc/locket',
  ])
  const disabled = await look({ modes, plugin: plugin(false, '/sys/module') })
  assert.match(String(disabled), /^problem: the plugin locket is disabled.*,note: config\.source is not set/)
  assert.match(
    String(await look({ modes: both, plugin: plugin(true, '/x') })),
    /problem: a daemon serves the same/,
  )
  assert.match(String(await look({ modes: both })), /^ok: a daemon serves the driver/)
  assert.match(String(await look({ modes })), /^note: the engine has no plugin locket/)
  assert.match(String(await look({})), /^note: without an engine/)
})

test('swap: only an old kernel with swap is a problem', async () => {
  const swaps = 'Filename Type Size Used Priority\n'
  const look = (release: string, areas = '') =>
    levels(
      checkSwap,
      patient({ files: { '/proc/sys/kernel/osrelease': `${release}\n`, '/proc/swaps': swaps + areas } }),
    )
  const area = '/dev/sda2 partition 1 0 -2\n'
  assert.match(String(await look('6.4.0-1', area)), /^ok: kernel 6\.4\.0-1 .*swap is on \(\/dev\/sda2\)/)
  assert.match(String(await look('6.1.0')), /^note: kernel 6\.1\.0 has no noswap/)
  assert.match(String(await look('5.15.0', area)), /^problem: kernel 5\.15\.0 has no noswap/)
  assert.match(String(await levels(checkSwap, patient({}))), /^note: the version of the kernel/)
})

test('permissions: folders, keys and tokens that others can use', async () => {
  const look = (modes: Machine['modes'] = {}) => levels(checkPermissions, patient({ modes }))
  assert.match(String(await look()), /^note: there is no \/etc\/locket/)
  const closed = { '/etc/locket': folder(0o700), '/etc/locket/local.key': file(0o644) }
  assert.match(String(await look(closed)), /^ok: \/etc\/locket and its 1 files/)
  const open = {
    '/etc/locket': folder(0o755),
    '/etc/locket/local.key': file(0o644),
    '/etc/locket/template': file(0o644),
    '/etc/locket/tokens': folder(0o700),
    '/etc/locket/tokens/op': file(0o622, 1000),
  }
  assert.deepEqual(await look(open), [
    'problem: others can read /etc/locket (mode 0755)',
    'problem: others can read /etc/locket/local.key (mode 0644)',
    'problem: others can change /etc/locket/tokens/op (mode 0622)',
    'note: /etc/locket/tokens/op belongs to user 1000, not to root',
  ])
})

test('clock: a service that sets it, or none', async () => {
  assert.match(String(await levels(checkClock, patient({}))), /^note: no service/)
  const modes = { '/run/systemd/timesync/synchronized': file(0o644) }
  assert.match(String(await levels(checkClock, patient({ modes }))), /^ok: a service keeps the clock right/)
})

test('proxies: their addresses without name and password', async () => {
  const look = (env: Patient['env']) => levels(checkProxies, patient({}, { env }))
  assert.deepEqual(await look({}), ['ok: no proxy is set in this environment'])
  const env = { https_proxy: `http://user:${KEY}@proxy:3128`, NO_PROXY: 'localhost' }
  assert.deepEqual(await look(env), ['ok: https_proxy sends requests to http://proxy:3128'])
  assert.match(String(await look({ HTTP_PROXY: 'proxy:3128' })), /^note: HTTP_PROXY sends requests/)
  assert.deepEqual(await look({ ALL_PROXY: `http://${KEY}:x` }), [
    'problem: ALL_PROXY is not the address of a proxy',
  ])
})

test('a check that hangs has a time limit, and does not hold up the others', async () => {
  const clock = createManualClock()
  const modes = { [SOCKET]: file(0o660) }
  const version = () => new Promise<string>(() => undefined)
  const open = () => Promise.reject(new LocketError('internal', 'not opened'))
  const { signal } = new AbortController()
  const found = diagnose(
    patient({ modes, version }),
    { providers: [], timeoutMs: 10_000, signal },
    { clock, open },
  )
  await clock.advance(10_000)
  const shown = await found
  assert.deepEqual(
    shown.filter(({ level }) => level === 'problem').map(({ check, text }) => `${check}: ${text}`),
    ['engine: no result within 10s'],
  )
  assert.ok(shown.some(({ check }) => check === 'proxies'))
  const text = doctorText(shown, (_, plain) => plain)
  assert.match(text, /^engine +problem +no result within 10s\n {2}cure: look at the network/m)
  assert.match(text, /\n1 problem, \d notes\n$/)
  assert.equal(JSON.parse(doctorJson(shown)).ok, false)
})

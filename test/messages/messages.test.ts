import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startDaemon, type Daemon } from '../support/daemon.ts'
import { secretPaths } from '../support/local-secrets.ts'
import { MAIN } from '../support/program.ts'
import { assertSays } from './assert-says.ts'
import { CHECK_SLIPS } from './rows/checks.ts'
import { COMPOSE_SLIPS } from './rows/compose.ts'
import { PROVIDER_SLIPS } from './rows/providers.ts'
import { EXEC_SLIPS } from './rows/exec.ts'
import { CONNECT_SLIPS } from './rows/connect.ts'
import { OUTPUT_SLIPS } from './rows/outputs.ts'
import { FILE_SLIPS } from './rows/files.ts'
import { SECRET_SLIPS } from './rows/secrets.ts'
import { TEMPLATE_SLIPS } from './rows/templates.ts'
import { VALUE_SLIPS } from './rows/values.ts'
import { VOLUME_SLIPS } from './rows/volumes.ts'
import { WORD_SLIPS } from './rows/words.ts'
import { openSlipRunner } from './run-slip.ts'
import { startSlipServers } from './servers.ts'
import { CANARY } from './slip.ts'

const SLIPS = [
  ...WORD_SLIPS,
  ...VALUE_SLIPS,
  ...EXEC_SLIPS,
  ...OUTPUT_SLIPS,
  ...CONNECT_SLIPS,
  ...TEMPLATE_SLIPS,
  ...FILE_SLIPS,
  ...SECRET_SLIPS,
  ...COMPOSE_SLIPS,
  ...PROVIDER_SLIPS,
  ...CHECK_SLIPS,
]

const folder = await mkdtemp(join(tmpdir(), 'locket-slips-'))
const { file, key } = secretPaths(folder)
const base = { PATH: process.env['PATH'] ?? '', LOCKET_LOCAL_FILE: file, LOCKET_LOCAL_KEY: key }
const runner = openSlipRunner()
const servers = await startSlipServers(folder)
let daemon: Daemon | undefined

before(async () => {
  store('db/password', `${CANARY}-value!`)
  store('json', `{"b": "${CANARY}"}`)
  store('binary', Uint8Array.of(0xff, 0xfe))
  daemon = await startDaemon({ folder })
})

after(async () => {
  runner[Symbol.dispose]()
  await daemon?.stop('SIGKILL')
  await servers[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

for (const slip of SLIPS) {
  test(`a mistake is answered: ${slip.mistake}`, async () => {
    const own = await mkdtemp(join(folder, 'row-'))
    const { server, env = {} } = slip
    const given = Object.entries(env).map(([name, value]) => [name, servers.addresses[value] ?? value])
    const reaching = server === undefined ? {} : servers[server]
    const { code, text } = await runner.run(
      { ...slip, env: Object.fromEntries(given) as Readonly<Record<string, string>> },
      own,
      { ...base, ...reaching },
    )
    assertSays(text, slip)
    assert.equal(code, slip.exit, text)
  })
}

for (const [index, slip] of VOLUME_SLIPS.entries()) {
  test(`a mistake in driver options is answered: ${slip.mistake}`, async () => {
    const Name = `v${index}`
    const created = await daemon?.call('VolumeDriver.Create', { Name, Opts: slip.opts })
    const refused =
      slip.at === 'Mount'
        ? await daemon?.call('VolumeDriver.Mount', { Name, ID: String(index).padStart(64, '0') })
        : created
    const said = refused?.Err ?? ''
    assertSays(said, slip)
    assert.ok(said.includes(Name) && !said.includes('\n'), said)
  })
}

test('the table has every mistake once', () => {
  const mistakes = [...SLIPS, ...VOLUME_SLIPS].map(({ mistake }) => mistake)
  assert.equal(new Set(mistakes).size, mistakes.length)
  assert.ok(mistakes.length >= 110, `only ${mistakes.length}`)
})

function store(name: string, value: string | Uint8Array): void {
  const set = [MAIN, 'secret', 'set', name, '--stdin']
  const { status, stderr } = spawnSync(process.execPath, set, { input: value, env: base, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

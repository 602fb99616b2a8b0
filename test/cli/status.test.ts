import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { until } from '../../scripts/engine/until.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { startDaemon } from '../support/daemon.ts'
import { setSecret } from '../support/local-secrets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { environmentWorld, type EnvironmentWorld } from './environment-command.ts'
import { openTerminal } from './terminal.ts'

const [OLD, NEW] = ['canary-status-old-3f', 'canary-status-new-9b']

const folder = await temporaryFolder({ after: (end) => after(end as () => Promise<void>) })
await setSecret(folder, 'db/password', OLD)
const daemon = await startDaemon({ folder })
after(() => daemon.stop())
const socket = join(daemon.runtimeDir, 'admin.sock')
await until('the admin socket is there', () => existsSync(socket))
for (const [name, options] of [
  ['db', { 'secret.password': '{{ local://db/password }}', refresh: 'auto' }],
  ['lacking', { 'secret.password': '{{ local://db/none }}' }],
] as const) {
  assert.equal((await daemon.call('VolumeDriver.Create', { Name: name, Opts: options })).Err, '')
  await daemon.call('VolumeDriver.Mount', { Name: name, ID: 'mount-1' })
}

const REDRAWN = new RegExp(String.raw`\x1b\[H\x1b\[Jlocket `)
const GREEN = new RegExp(String.raw`\x1b\[32mmounted\x1b`)
const USE = { LOCKET_ADMIN_SOCKET: socket }

async function said({ locket }: EnvironmentWorld, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await locket(args, USE)
  assert.deepEqual([code, stderr], [0, ''], args.join(' '))
  assertNoSecret(stdout, [OLD, NEW])
  return stdout
}

test('status in a pipe: a table without colours, a line for each volume, and its error', async (t) => {
  const world = await environmentWorld(t)
  const text = await said(world, 'status')
  assert.match(text, /^locket \d+\.\d+\.\d+: 2 volumes, 1 mounted\n/)
  assert.match(text, /^db +mounted +1 +1 +\d+[sm] +\d+[sm] +-$/m)
  assert.match(
    text,
    /^lacking +idle .*\n {2}error: \S+ volume lacking not mounted: .*there is no such secret/m,
  )
  assert.ok(!text.includes('\u001b'))
  const { stdout } = await world.locket(['status'], { ...USE, FORCE_COLOR: '1' })
  assert.ok(!stdout.includes('\u001b'))
})

test('a rotated secret is one line of the status: generation 2, and its age', async (t) => {
  const world = await environmentWorld(t)
  await setSecret(folder, 'db/password', NEW)
  await until('generation 2', async () => /^db +mounted +1 +2 +\d+s /m.test(await said(world, 'status')))
  assert.equal(await said(world, 'volume', 'refresh', 'db'), 'db: nothing has changed, generation 2\n')
})

test('json is a document, and with --watch one line each time, until a signal', async (t) => {
  const world = await environmentWorld(t)
  const report = JSON.parse(await said(world, 'status', '--format', 'json'))
  assert.deepEqual(
    report.volumes.map(({ name, state }: { name: string; state: string }) => [name, state]),
    [
      ['db', 'mounted'],
      ['lacking', 'idle'],
    ],
  )
  const line = `timeout -s INT 4 ${world.program.join(' ')} status --watch --format=json; echo "code $?"`
  const { stdout } = await world.run(['sh', '-c', line], USE)
  const lines = stdout.trim().split('\n')
  assert.ok(lines.length >= 2, stdout)
  for (const one of lines.slice(0, -1)) assert.equal(JSON.parse(one).volumes.length, 2)
  assert.match(lines.at(-1) ?? '', /^code (0|124)$/)
})

test('--swarm shows the Swarm secrets alone: how often each was given, and why one was not', async (t) => {
  const world = await environmentWorld(t)
  assert.match(
    await said(world, 'status', '--swarm'),
    /^locket \d\S+: no task has asked for a Swarm secret; /,
  )
  assert.deepEqual(JSON.parse(await said(world, 'status', '--swarm', '--format=json')).swarm, {
    secrets: [],
    troubles: [],
  })
  const ask = (SecretName: string, reference: string) =>
    daemon.call('SecretProvider.GetSecret', {
      SecretName,
      SecretLabels: { 'locket.secret': reference },
      TaskID: `task-${SecretName}`,
      TaskName: `shop.1.task-${SecretName}`,
    })
  assert.ok(!(await ask('db', 'local://db/password')).Err)
  assert.match((await ask('gone', 'local://db/none')).Err, /no such secret/)
  const text = await said(world, 'status', '--swarm')
  assert.match(text, /^locket \d\S+: 2 Swarm secrets, 1 with trouble$/m)
  assert.match(text, /^db +1 +\d+s +ok$/m)
  assert.match(text, /^gone +0 +- +1 trouble\n {2}shop\.1\.task-gone: .*there is no such secret/m)
  assert.ok(!text.includes('volume'))
  const { swarm } = JSON.parse(await said(world, 'status', '--swarm', '--format=json'))
  assert.equal(swarm.troubles[0].secret, 'gone')
})

test('on a terminal: colours, lines of at most 80 columns, and --watch draws over the old text', async (t) => {
  const { env, program } = await environmentWorld(t)
  const options = { cwd: folder, env: { ...env, ...USE } }
  const terminal = openTerminal(t, `${program.join(' ')} status --watch`, options)
  await terminal.shows(REDRAWN)
  await terminal.shows(GREEN)
  await terminal.shows(REDRAWN)
  terminal.type('\u0003')
  assert.equal(await terminal.ended, 0)
  const shown = stripVTControlCharacters(terminal.screen())
  for (const line of shown.split(/\r?\n/)) assert.ok(line.length <= 80, line)
})

test('render shows names and sizes, and needs --dry-run', async (t) => {
  const world = await environmentWorld(t)
  const text = await said(world, 'volume', 'render', 'db', '--dry-run')
  assert.equal(
    text,
    `bytes  file\n   ${NEW.length}  password\n1 file, 1 reference, ${NEW.length} bytes; nothing was written\n`,
  )
  for (const [args, code, message] of [
    [['volume', 'render', 'db'], 64, /add --dry-run/],
    [['volume', 'render', 'lacking', '--dry-run'], 66, /there is no such secret/],
    [['volume', 'refresh', 'lacking'], 64, /lacking is not mounted/],
    [['volume', 'refresh', 'nix'], 66, /no such volume: nix/],
    [['volume', 'refresh'], 64, /NAME is missing/],
    [['volume', 'release', 'db', 'other'], 64, /has the mount references mount-1/],
    [['volume', 'refreh', 'db'], 64, /did you mean refresh\?/],
  ] as const) {
    const ran = await world.locket(args, USE)
    assert.equal(ran.code, code, args.join(' '))
    assert.match(ran.stderr, message)
    assert.equal(ran.stderr.trim().split('\n').length, 1)
  }
})

test('no daemon, a wrong socket and admin-socket=off are one line each', async (t) => {
  const world = await environmentWorld(t)
  for (const [env, code, message] of [
    [{ LOCKET_ADMIN_SOCKET: '/nowhere/admin.sock' }, 69, /no daemon answers at \/nowhere\/admin\.sock/],
    [{ LOCKET_ADMIN_SOCKET: daemon.socket }, 76, /cannot be read/],
    [{ LOCKET_ADMIN_SOCKET: 'off' }, 64, /admin-socket is off/],
  ] as const) {
    const ran = await world.locket(['status'], env)
    assert.deepEqual([ran.code, ran.stdout], [code, ''])
    assert.match(ran.stderr, message)
    assert.equal(ran.stderr.trim().split('\n').length, 1)
  }
})

test('a release of the last mount wipes it', async (t) => {
  const world = await environmentWorld(t)
  const text = await said(world, 'volume', 'release', 'db', 'mount')
  assert.equal(text, 'db: released mount-1; wiped and unmounted\n')
  assert.match(await said(world, 'status'), /^db +idle +0 +- /m)
})

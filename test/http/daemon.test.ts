import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDaemon, spawnDaemon, type Daemon } from '../support/daemon.ts'
import { setSecret } from '../support/local-secrets.ts'
import { mountPointsBelow, temporaryFolder } from '../support/temporary-folder.ts'
import { untilLogged } from '../support/until-logged.ts'

const ID = 'a'.repeat(64)
const OTHER_ID = 'b'.repeat(64)
const CANARY = 'canary-5f1d-value'
const OPTIONS = { 'secret.db_password': '{{ local://db/password }}' }

async function startWithSecret(
  t: Parameters<typeof temporaryFolder>[0],
  args: readonly string[] = [],
): Promise<Daemon> {
  const folder = await temporaryFolder(t)
  await setSecret(folder, 'db/password', CANARY)
  const daemon = await startDaemon({ folder, args })
  t.after(async () => {
    await daemon.stop('SIGKILL')
    assert.ok(!daemon.output().includes(CANARY), 'the log holds a value')
  })
  return daemon
}

test('activate and capabilities say what the driver is', async (t) => {
  const daemon = await startWithSecret(t)
  assert.deepEqual((await daemon.call('Plugin.Activate')).json, {
    Implements: ['VolumeDriver', 'secretprovider'],
  })
  assert.deepEqual((await daemon.call('VolumeDriver.Capabilities', {})).json, {
    Capabilities: { Scope: 'local' },
  })
})

test('create, mount, read, unmount, remove', async (t) => {
  const daemon = await startWithSecret(t)
  assert.equal((await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })).Err, '')
  assert.equal((await daemon.call('VolumeDriver.Get', { Name: 'db' })).Volume.Mountpoint, '')
  const mounted = await daemon.call('VolumeDriver.Mount', { Name: 'db', ID })
  assert.equal(mounted.Err, '')
  assert.equal(mounted.Mountpoint, join(daemon.runtimeDir, 'volumes/db/data'))
  assert.equal(await readFile(join(mounted.Mountpoint, 'db_password'), 'utf8'), CANARY)
  assert.equal((await stat(join(mounted.Mountpoint, 'db_password'))).mode & 0o7777, 0o600)
  assert.equal((await daemon.call('VolumeDriver.Path', { Name: 'db' })).Mountpoint, mounted.Mountpoint)
  const status = (await daemon.call('VolumeDriver.Get', { Name: 'db' })).Volume.Status
  assert.equal(status['state'], 'mounted')
  assert.deepEqual(status['files'], ['db_password (local, 17 bytes)'])
  assert.deepEqual(status['mounts'], [`${ID.slice(0, 12)} for 0s`])
  assert.match(String(status['lastRender']), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, \d+s ago$/)
  assert.ok(!('warnings' in status) && !('requests' in status), 'empty lists are left out')
  assert.equal(status['references'], 1)
  assert.ok(!JSON.stringify(status).includes(CANARY))
  assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID })).Err, '')
  assert.deepEqual(await mountPointsBelow(daemon.runtimeDir), [])
  assert.equal(existsSync(mounted.Mountpoint), false)
  assert.equal((await daemon.call('VolumeDriver.Remove', { Name: 'db' })).Err, '')
  assert.match((await daemon.call('VolumeDriver.Get', { Name: 'db' })).Err, /no such volume/)
  assert.deepEqual((await daemon.call('VolumeDriver.List', {})).Volumes, [])
})

test('Opts null means no options', async (t) => {
  const daemon = await startWithSecret(t)
  assert.equal((await daemon.call('VolumeDriver.Create', { Name: 'empty', Opts: null })).Err, '')
  assert.equal((await daemon.call('VolumeDriver.Mount', { Name: 'empty', ID })).Err, '')
})

test('a request without a body gets an Err and touches nothing', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })
  for (const endpoint of ['Create', 'Remove', 'Mount', 'Unmount', 'Path', 'Get']) {
    assert.match((await daemon.call(`VolumeDriver.${endpoint}`)).Err, /no body/, endpoint)
  }
  assert.deepEqual(await mountPointsBelow(daemon.runtimeDir), [])
  assert.equal((await daemon.call('VolumeDriver.List', {})).Volumes.length, 1)
})

test('bodies that are not what the protocol says get an Err that quotes nothing', async (t) => {
  const daemon = await startWithSecret(t)
  for (const raw of [
    `{"Name": "${CANARY}`,
    '[]',
    '3',
    '"x"',
    `{"Name": {"${CANARY}": 1}}`,
    '{"Name":"x","ID":5}',
    '{"Name":""}',
  ]) {
    const answer = await daemon.call('VolumeDriver.Mount', undefined, { raw })
    assert.notEqual(answer.Err, '', raw)
    assert.ok(!answer.text.includes(CANARY), answer.text)
  }
  const huge = await daemon.call('VolumeDriver.Create', {
    Name: 'x',
    Opts: { 'secret.a': 'x'.repeat(2_000_000) },
  })
  assert.match(huge.Err, /driver options are larger than 1 MiB .*@\/path/)
  assert.equal((await daemon.call('VolumeDriver.Nonsense', {})).status, 404)
})

test('create refuses what cannot work, by name', async (t) => {
  const daemon = await startWithSecret(t)
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'secrte.a': 'x' }, /secrte\.a.*secret\./],
    [{ siz: '10M' }, /siz\b.*size/],
    [{ size: '10X' }, /size.*10X/],
    [{ mode: '0999' }, /mode/],
    [{ user: 'root' }, /user/],
    [{ 'mount-timeout': 'soon' }, /mount-timeout/],
    [{ 'mount-timeout': '0s' }, /mount-timeout: must be longer than 0/],
    [{ 'secret.../x': 'a' }, /\.\./],
    [{ 'secret.a': '{{ local:// }}' }, /local:\/\//],
    [{ 'secret.a': '{{ op://vault }}' }, /op:\/\//],
    [{ 'secret.a': '@/does/not/exist' }, /\/does\/not\/exist.*not exist/],
    [{ 'secret.a': '/etc/hostname' }, /@\/etc\/hostname/],
    [{ 'secret.a': 'x', 'secret.a/b': 'y' }, /a\/b/],
    [{ socket: '/run/x.sock' }, /socket/],
  ]
  for (const [options, expected] of cases) {
    const { Err } = await daemon.call('VolumeDriver.Create', { Name: 'bad', Opts: options })
    assert.match(Err, expected)
  }
  for (const name of ['..', '.', 'a/b', '-x', 'a b', 'x'.repeat(300), 'é']) {
    assert.match((await daemon.call('VolumeDriver.Create', { Name: name, Opts: {} })).Err, /name/, name)
  }
  assert.deepEqual((await daemon.call('VolumeDriver.List', {})).Volumes, [])
})

test('the driver option __proto__ is refused by name', async (t) => {
  const daemon = await startWithSecret(t)
  const raw = '{"Name":"p","Opts":{"__proto__":"x","secret.a":"y"}}'
  assert.match((await daemon.call('VolumeDriver.Create', undefined, { raw })).Err, /"__proto__" is not known/)
  assert.deepEqual((await daemon.call('VolumeDriver.List', {})).Volumes, [])
})

test('of thousands of wrong options ten are named, and the rest is counted', async (t) => {
  const daemon = await startWithSecret(t)
  const wrong = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`wrong-${n}`, 'x']))
  const { Err } = await daemon.call('VolumeDriver.Create', { Name: 'bad', Opts: wrong })
  assert.match(Err, /5000 settings are wrong: .*; and 4990 more$/)
  assert.equal(Err.match(/wrong-\d+/g)?.length, 10)
  assert.ok(Err.length < 2000, `${Err.length} characters`)
})

test('create again: the same options succeed, others are an Err that says so', async (t) => {
  const daemon = await startWithSecret(t)
  assert.equal((await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })).Err, '')
  assert.equal((await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })).Err, '')
  assert.match(
    (await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: { ...OPTIONS, size: '1M' } })).Err,
    /other driver options.*size/,
  )
})

test('mount and unmount are idempotent per ID; the last unmount wipes', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })
  for (const id of [ID, ID, OTHER_ID])
    assert.equal((await daemon.call('VolumeDriver.Mount', { Name: 'db', ID: id })).Err, '')
  const { Volume } = await daemon.call('VolumeDriver.Get', { Name: 'db' })
  assert.equal((Volume.Status['mounts'] as string[]).length, 2)
  assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID: 'c'.repeat(64) })).Err, '')
  assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID })).Err, '')
  assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID })).Err, '')
  assert.equal(await readFile(join(Volume.Mountpoint, 'db_password'), 'utf8'), CANARY)
  assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID: OTHER_ID })).Err, '')
  assert.deepEqual(await mountPointsBelow(daemon.runtimeDir), [])
})

test('a failed mount names volume, reference and provider, and leaves nothing', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', {
    Name: 'db',
    Opts: { ...OPTIONS, 'secret.b': '{{ local://nope/one }} {{ local://nope/two }}' },
  })
  const { Err } = await daemon.call('VolumeDriver.Mount', { Name: 'db', ID })
  assert.match(Err, /volume db not mounted/)
  assert.match(Err, /local:\/\/nope\/one/)
  assert.match(Err, /local:\/\/nope\/two/)
  assert.ok(!Err.includes('local://db/password'), 'a reference that did resolve is named as failing')
  assert.deepEqual(await mountPointsBelow(daemon.runtimeDir), [])
  const { Volume } = await daemon.call('VolumeDriver.Get', { Name: 'db' })
  assert.equal(Volume.Status['mounts'], undefined)
  assert.match(String(Volume.Status['lastError']), /nope\/one/)
})

test('kill -9: mounts and references survive, and the next process goes on', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', {
    Name: 'db',
    Opts: { ...OPTIONS, user: '1000:1000', mode: '0750', size: '1M' },
  })
  const { Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: 'db', ID })
  await daemon.stop('SIGKILL')
  const next = await startDaemon({ folder: join(daemon.stateDir, '..') })
  t.after(() => next.stop('SIGKILL'))
  assert.equal(await readFile(join(Mountpoint, 'db_password'), 'utf8'), CANARY)
  assert.equal((await next.call('VolumeDriver.Mount', { Name: 'db', ID: OTHER_ID })).Mountpoint, Mountpoint)
  assert.equal((await next.call('VolumeDriver.Unmount', { Name: 'db', ID })).Err, '')
  assert.equal(await readFile(join(Mountpoint, 'db_password'), 'utf8'), CANARY)
  assert.equal((await stat(Mountpoint)).uid, 1000)
  assert.equal((await stat(Mountpoint)).mode & 0o7777, 0o750)
  assert.equal((await next.call('VolumeDriver.Unmount', { Name: 'db', ID: OTHER_ID })).Err, '')
  assert.deepEqual(await mountPointsBelow(next.runtimeDir), [])
})

test('remove works with stale references, and wipes', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })
  await daemon.call('VolumeDriver.Mount', { Name: 'db', ID })
  assert.equal((await daemon.call('VolumeDriver.Remove', { Name: 'db' })).Err, '')
  assert.deepEqual(await mountPointsBelow(daemon.runtimeDir), [])
})

test('a state that cannot be read: refused in one line, started empty on purpose only', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })
  await daemon.call('VolumeDriver.Create', { Name: 'db2', Opts: OPTIONS })
  await daemon.stop()
  for (const name of ['state.json', 'state.json.prev'])
    await writeFile(join(daemon.stateDir, name), 'rubbish')
  const folder = join(daemon.stateDir, '..')
  const refused = spawnDaemon({ folder })
  assert.equal(await refused.stop('SIGCONT'), 65)
  await untilLogged(() => refused.output(), /--reset-state/)
  const reset = await startDaemon({ folder, args: ['--reset-state'] })
  t.after(() => reset.stop('SIGKILL'))
  assert.deepEqual((await reset.call('VolumeDriver.List', {})).Volumes, [])
})

test('the socket is private, and never taken from a daemon that answers', async (t) => {
  const daemon = await startWithSecret(t)
  assert.equal((await stat(daemon.socket)).mode & 0o177, 0)
  const other = await temporaryFolder(t)
  const second = spawnDaemon({ folder: other, socket: daemon.socket })
  assert.notEqual(await second.stop('SIGCONT'), 0)
  await untilLogged(() => second.output(), /locket\.sock/)
  assert.equal((await daemon.call('Plugin.Activate')).status, 200)
  await daemon.stop('SIGKILL')
  const next = await startDaemon({ folder: join(daemon.stateDir, '..') })
  t.after(() => next.stop('SIGKILL'))
})

test('the state file and its folder are private', async (t) => {
  const daemon = await startWithSecret(t)
  await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })
  assert.equal((await stat(daemon.stateDir)).mode & 0o7777, 0o700)
  assert.equal((await stat(join(daemon.stateDir, 'state.json'))).mode & 0o7777, 0o600)
  assert.ok(!(await readFile(join(daemon.stateDir, 'state.json'), 'utf8')).includes(CANARY))
})

test('a request to check no certificates is ignored, with a warning', async (t) => {
  const folder = await temporaryFolder(t)
  const daemon = await startDaemon({ folder, env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
  t.after(() => daemon.stop('SIGKILL'))
  await untilLogged(() => daemon.output(), /NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored/)
})

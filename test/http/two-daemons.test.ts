import assert from 'node:assert/strict'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { spawnDaemon, startDaemon, type Daemon } from '../support/daemon.ts'
import { setSecret } from '../support/local-secrets.ts'
import { mountPointsBelow, temporaryFolder } from '../support/temporary-folder.ts'
import { untilLogged } from '../support/until-logged.ts'

const CANARY = 'canary-two-daemons'

interface Working {
  readonly folder: string
  readonly daemon: Daemon
  readonly mountpoint: string
}

/**
 * A daemon with one mounted volume, and one that its state file does not know: a second process would wipe
 * that one.
 */
async function working(t: TestContext): Promise<Working> {
  const folder = await temporaryFolder(t)
  await setSecret(folder, 'a', CANARY)
  const daemon = await startDaemon({ folder })
  t.after(() => daemon.stop('SIGKILL'))
  await daemon.call('VolumeDriver.Create', { Name: 'v', Opts: { 'secret.a': '{{ local://a }}' } })
  const { Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: 'v', ID: 'one' })
  return { folder, daemon, mountpoint: Mountpoint }
}

for (const shared of ['state', 'runtime', 'state and runtime']) {
  test(`a second daemon on the same ${shared} folder refuses in one line, and touches nothing`, async (t) => {
    const { folder, daemon, mountpoint } = await working(t)
    const other = await temporaryFolder(t)
    const before = await listing(folder)
    const pick = (name: string) => join(shared.includes(name) ? folder : other, name)
    const second = spawnDaemon({
      folder: other,
      stateDir: pick('state'),
      runtimeDir: pick('runtime'),
    })
    assert.equal(await second.stop('SIGCONT'), 74, second.output())
    const [line = '', ...others] = second
      .output()
      .trimEnd()
      .split('\n')
      .filter((text) => text.startsWith('locket: '))
    assert.deepEqual(others, [])
    const named = shared.includes('runtime') ? 'runtime' : 'state'
    assert.ok(
      line.includes(`another locket (process ${daemon.process.pid}) uses ${join(folder, named)}`),
      line,
    )
    await untilLogged(() => second.output(), /waiting at most 5 s/)
    assert.deepEqual(await listing(folder), before)
    assert.equal(await readFile(join(mountpoint, 'a'), 'utf8'), CANARY)
    assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'v', ID: 'one' })).Err, '')
    assert.deepEqual(await mountPointsBelow(folder), [])
  })
}

test('the end of a daemon, even by SIGKILL, frees its folders at once', async (t) => {
  const { folder, daemon } = await working(t)
  await daemon.stop('SIGKILL')
  const next = await startDaemon({ folder })
  t.after(() => next.stop('SIGKILL'))
  assert.doesNotMatch(next.output(), /waiting/)
})

test('a daemon that starts while another one is ending waits for it', async (t) => {
  const { folder, daemon } = await working(t)
  // It has been told to end, and does not come to it yet.
  daemon.process.kill('SIGSTOP')
  const ended = daemon.stop('SIGTERM')
  const next = spawnDaemon({ folder })
  t.after(() => next.stop('SIGKILL'))
  await until('it waits', () => /waiting at most 5 s/.test(next.output()))
  daemon.process.kill('SIGCONT')
  assert.equal(await ended, 0)
  await until('it listens', () => /daemon\.listening/.test(next.output()))
  assert.equal((await next.call('VolumeDriver.Get', { Name: 'v' })).Volume.Status['state'], 'mounted')
})

test('one folder may be both state and runtime folder', async (t) => {
  const folder = await temporaryFolder(t)
  const daemon = await startDaemon({ folder, stateDir: join(folder, 'one'), runtimeDir: join(folder, 'one') })
  assert.equal(await daemon.stop(), 0)
})

/** Every entry of the daemon's folders, with its inode, size and time. */
async function listing(folder: string): Promise<string[]> {
  const lines = ['state', 'runtime'].map(async (name) => {
    const entries = await readdir(join(folder, name), { recursive: true })
    return await Promise.all(
      entries.map(async (entry) => {
        const { ino, size, mtimeMs } = await lstat(join(folder, name, entry))
        return `${name}/${entry} ${ino} ${size} ${mtimeMs}`
      }),
    )
  })
  const socket = await lstat(join(folder, 'locket.sock'))
  return [...(await Promise.all(lines)).flat(), `socket ${socket.ino}`].toSorted()
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openOwnFiles } from '../../../src/host/files/own-files.ts'
import { temporaryFolder, tinyDisk } from '../../support/temporary-folder.ts'

const own = openOwnFiles(systemClock())
const soon = () => AbortSignal.timeout(20_000)

/** Holds the lock of `path` in a process of another PID namespace, until killed. */
async function holdElsewhere(t: TestContext, path: string) {
  const script = 'exec 9>"$0"; flock 9; echo held; read -r line'
  const holder = spawn('unshare', ['--pid', '--fork', '--kill-child', 'sh', '-c', script, `${path}.lock`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  return holder
}

test('bodies for one file run one after the other', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  let inside = 0
  const body = async () => {
    inside += 1
    assert.equal(inside, 1)
    await sleep(3)
    inside -= 1
  }
  await Promise.all(Array.from({ length: 8 }, () => own.exclusively(path, soon(), body)))
})

test('a process in another PID namespace is waited for, and lets go when it is killed', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  const holder = await holdElsewhere(t, path)
  let entered = false
  const pending = own.exclusively(path, soon(), async () => {
    entered = true
  })
  await sleep(150)
  assert.equal(entered, false)
  holder.kill('SIGKILL')
  await pending
  assert.equal(entered, true)
})

test('an abort ends the wait, and the body never runs', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  await holdElsewhere(t, path)
  const caller = new AbortController()
  const pending = own.exclusively(path, caller.signal, () => assert.fail('ran'))
  caller.abort(new Error('enough'))
  await assert.rejects(pending)
})

test('a body that throws lets the next one in', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  await assert.rejects(
    own.exclusively(path, soon(), () => Promise.reject(new Error('on purpose'))),
    /on purpose/,
  )
  assert.equal(await own.exclusively(path, soon(), async () => 'in'), 'in')
})

test('a full disk leaves the old content, and nothing beside it', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  const path = join(disk, 'file')
  await own.replace(path, Buffer.from('old'), 0o600)
  await assert.rejects(own.replace(path, Buffer.alloc(256 * 1024, 1), 0o600), {
    code: 'io',
    message: `cannot write ${path}: the disk is full`,
  })
  assert.equal(await readFile(path, 'utf8'), 'old')
  assert.deepEqual(await readdir(disk), ['file'])
})

test('a read-only file system is reported', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024, ',ro')
  await assert.rejects(
    own.exclusively(join(disk, 'file'), soon(), () => assert.fail('ran')),
    {
      code: 'io',
      message: `cannot write ${join(disk, 'file')}: the file system is read-only`,
    },
  )
})

test('a half-written file of a dead process is not an obstacle', async (t) => {
  const dir = await temporaryFolder(t)
  await writeFile(join(dir, 'file.tmp'), 'half')
  await own.replace(join(dir, 'file'), Buffer.from('whole'), 0o600)
  assert.equal(await readFile(join(dir, 'file'), 'utf8'), 'whole')
  assert.deepEqual(await readdir(dir), ['file'])
})

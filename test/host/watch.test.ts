import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../scripts/engine/until.ts'
import { watchPaths } from '../../src/host/sources/watch.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const DEBOUNCE_MS = 40

interface Watching {
  /** Does it, and waits until exactly one change was told. */
  readonly changes: (what: string, act: () => Promise<unknown>) => Promise<void>
  /** Does it, and finds that nothing was told. */
  readonly changesNothing: (what: string, act: () => Promise<unknown>) => Promise<void>
}

async function watching(
  t: TestContext,
  paths: readonly string[],
  debounceMs = DEBOUNCE_MS,
): Promise<Watching> {
  const calls = { told: 0 }
  const watcher = await watchPaths(paths, () => (calls.told += 1), { debounceMs, isDeep: false })
  t.after(() => watcher[Symbol.asyncDispose]())
  await sleep(3 * debounceMs)
  assert.equal(calls.told, 0)
  return {
    async changes(what, act) {
      calls.told = 0
      await act()
      await until(what, () => calls.told > 0)
      await sleep(3 * debounceMs)
      assert.equal(calls.told, 1, what)
    },
    async changesNothing(what, act) {
      calls.told = 0
      await act()
      await sleep(6 * debounceMs)
      assert.equal(calls.told, 0, what)
    },
  }
}

test('a file that is written, replaced, removed and back again', async (t) => {
  const dir = await temporaryFolder(t)
  const path = join(dir, 'file')
  await writeFile(path, 'a')
  const { changes, changesNothing } = await watching(t, [path])
  await changes('written', () => writeFile(path, 'b'))
  await changes('replaced by rename', async () => {
    await writeFile(join(dir, 'next'), 'c')
    await rename(join(dir, 'next'), path)
  })
  await changes('written after that', () => writeFile(path, 'd'))
  await changesNothing('its neighbour', () => writeFile(join(dir, 'other'), 'x'))
  await changes('removed', () => rm(path))
  await changes('back', () => writeFile(path, 'e'))
  await changes('written after that', () => writeFile(path, 'ef'))
})

test('many writes in a row are one change', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  await writeFile(path, 'a')
  const { changes } = await watching(t, [path], 400)
  await changes('a burst', async () => {
    for (let n = 0; n < 8; n += 1) {
      await writeFile(path, `text ${n}`)
      await sleep(20)
    }
  })
})

test('a link that is swapped further up, as Kubernetes does', async (t) => {
  const dir = await temporaryFolder(t)
  const generation = async (n: number): Promise<void> => {
    await mkdir(join(dir, `..${n}`))
    await writeFile(join(dir, `..${n}`, 'token'), `token ${n}`)
    await symlink(`..${n}`, join(dir, '..next'))
    await rename(join(dir, '..next'), join(dir, '..data'))
  }
  await generation(1)
  await symlink('..data/token', join(dir, 'token'))
  const { changes } = await watching(t, [join(dir, 'token')])
  for (let n = 2; n < 5; n += 1) await changes(`generation ${n}`, () => generation(n))
  await changes('with the old one removed', async () => {
    await generation(5)
    await rm(join(dir, '..4'), { recursive: true })
  })
})

test('a file whose folder is not there yet, goes, and comes back', async (t) => {
  const dir = await temporaryFolder(t)
  const path = join(dir, 'later', 'file')
  const { changes } = await watching(t, [path])
  await changes('folder and file', async () => {
    await mkdir(join(dir, 'later'))
    await writeFile(path, 'a')
  })
  await changes('folder gone', () => rm(join(dir, 'later'), { recursive: true }))
  await changes('both back', async () => {
    await mkdir(join(dir, 'later'))
    await writeFile(path, 'b')
  })
  await changes('written after that', () => writeFile(path, 'bc'))
})

test('a folder that never rests does not put a change off for ever', async (t) => {
  const dir = await temporaryFolder(t)
  const path = join(dir, 'file')
  await writeFile(path, 'a')
  const calls = { told: 0 }
  await using _ = await watchPaths([path], () => (calls.told += 1), {
    debounceMs: DEBOUNCE_MS,
    isDeep: false,
  })
  await sleep(3 * DEBOUNCE_MS)
  const stop = Date.now() + 3000
  await writeFile(path, 'b')
  for (let n = 0; calls.told === 0 && Date.now() < stop; n += 1) {
    await writeFile(join(dir, `noise-${n % 7}`), String(n))
    await sleep(DEBOUNCE_MS / 4)
  }
  assert.equal(calls.told, 1)
})

test('once closed it is silent, and nothing keeps the process alive', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  await writeFile(path, 'a')
  let told = 0
  const watcher = await watchPaths([path], () => (told += 1), { debounceMs: 1, isDeep: false })
  await writeFile(path, 'b')
  await watcher[Symbol.asyncDispose]()
  told = 0
  await writeFile(path, 'c')
  await sleep(100)
  assert.equal(told, 0)
})

test('a folder that this user must not watch: the poll notices changes', async (t) => {
  const dir = await temporaryFolder(t)
  const path = join(dir, 'file')
  await writeFile(path, 'a')
  await chmod(path, 0o666)
  await chmod(dir, 0o711)
  const script = `
    const { writeFile } = await import('node:fs/promises')
    const { watchPaths } = await import(${JSON.stringify(new URL('../../src/host/sources/watch.ts', import.meta.url).href)})
    process.setgroups([]); process.setgid(1000); process.setuid(1000)
    const path = ${JSON.stringify(path)}
    const told = Promise.withResolvers()
    const watcher = await watchPaths([path], () => told.resolve(), { debounceMs: 40, isDeep: false })
    await writeFile(path, 'another')
    await told.promise
    console.log('told')
    await watcher[Symbol.asyncDispose]()`
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  assert.deepEqual([ran.stdout, ran.status], ['told\n', 0], ran.stderr)
})

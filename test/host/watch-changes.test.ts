import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../scripts/engine/until.ts'
import { watchPaths } from '../../src/host/sources/watch.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const DEBOUNCE_MS = 40

/** Watches `tpl` of a folder. `named` does it, and returns the names that were told, below the folder. */
async function watching(t: TestContext, files: readonly string[]) {
  const folder = await temporaryFolder(t)
  const at = (path: string) => join(folder, path)
  for (const file of files) {
    await mkdir(join(at(file), '..'), { recursive: true })
    await writeFile(at(file), 'first')
  }
  const told: string[] = []
  const watcher = await watchPaths([at('up/tpl')], (changed) => told.push(...changed), {
    debounceMs: DEBOUNCE_MS,
    isDeep: true,
  })
  t.after(() => watcher[Symbol.asyncDispose]())
  await sleep(3 * DEBOUNCE_MS)
  async function named(act: () => Promise<unknown>): Promise<readonly string[]> {
    told.length = 0
    await act()
    await until('a change is told', () => told.length > 0)
    await sleep(3 * DEBOUNCE_MS)
    return told.map((path) => path.slice(folder.length + 1)).toSorted()
  }
  return { at, named }
}

test('a change names the files that have changed, and no others', async (t) => {
  const { at, named } = await watching(t, ['up/tpl/a', 'up/tpl/b', 'up/tpl/deep/c'])
  assert.deepEqual(await named(() => writeFile(at('up/tpl/a'), 'second')), ['up/tpl/a'])
  const replace = async (): Promise<void> => {
    await writeFile(at('up/tpl/.b.swp'), 'second')
    await rename(at('up/tpl/.b.swp'), at('up/tpl/b'))
  }
  assert.deepEqual(await named(replace), ['up/tpl/b'])
  assert.deepEqual(await named(() => writeFile(at('up/tpl/deep/c'), 'second')), ['up/tpl/deep/c'])
  assert.deepEqual(await named(() => writeFile(at('up/tpl/new'), 'new')), ['up/tpl/new'])
  assert.deepEqual(await named(() => rename(at('up/tpl/new'), at('up/tpl/newer'))), [
    'up/tpl/new',
    'up/tpl/newer',
  ])
  assert.deepEqual(await named(() => rm(at('up/tpl/newer'))), ['up/tpl/newer'])
})

test('a folder above the templates that is swapped by a rename, as deployments do', async (t) => {
  const { at, named } = await watching(t, ['up/tpl/a', 'next/tpl/a'])
  const swap = async (): Promise<void> => {
    await rename(at('up'), at('old'))
    await rename(at('next'), at('up'))
  }
  assert.deepEqual(await named(swap), ['up/tpl', 'up/tpl/a'])
  assert.deepEqual(await named(() => writeFile(at('up/tpl/a'), 'in the new one')), ['up/tpl/a'])
})

test('a watch wakes nobody up while nothing happens', async (t) => {
  // Not in /tmp itself, where other programs make files.
  const folder = join(await temporaryFolder(t), 'tpl')
  await mkdir(folder)
  await writeFile(join(folder, 'template'), 'text')
  const module = new URL('../../src/host/sources/watch.ts', import.meta.url).href
  const script = `
    const { watchPaths } = await import(${JSON.stringify(module)})
    await watchPaths([${JSON.stringify(folder)}], () => undefined, { debounceMs: 40, isDeep: true })
    console.log('watching')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.ok((await wakeUpsOf(child.pid)) < 5)
})

test('a daemon wakes up nobody while nothing happens', async (t) => {
  const daemon = await startDaemon({ folder: await temporaryFolder(t) })
  t.after(() => daemon.stop('SIGKILL'))
  assert.ok((await wakeUpsOf(daemon.process.pid)) < 5)
})

/** The voluntary context switches of the main thread in six seconds: other threads are V8's. */
async function wakeUpsOf(pid = 0): Promise<number> {
  await sleep(2000)
  const before = await switchesOf(pid)
  await sleep(6000)
  return (await switchesOf(pid)) - before
}

async function switchesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/task/${pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN)
}

test('a change is noticed before the debounce is over', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'a'), 'first')
  let noticed = 0
  const watcher = await watchPaths([join(folder, 'a')], () => assert.fail('no comparison yet'), {
    debounceMs: 3_600_000,
    isDeep: true,
    onNotice: () => void (noticed += 1),
  })
  await writeFile(join(folder, 'a'), 'second')
  await until('it is noticed', () => noticed > 0)
  await watcher[Symbol.asyncDispose]()
})

import assert from 'node:assert/strict'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../scripts/engine/until.ts'
import { watchPaths } from '../../src/host/sources/watch.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const DEBOUNCE_MS = 40

async function watching(t: TestContext, paths: readonly string[]) {
  const calls = { told: 0 }
  const watcher = await watchPaths(paths, () => (calls.told += 1), { debounceMs: DEBOUNCE_MS, isDeep: true })
  t.after(() => watcher[Symbol.asyncDispose]())
  await sleep(5 * DEBOUNCE_MS)
  assert.equal(calls.told, 0)
  return {
    changes: async (what: string, act: () => Promise<unknown>): Promise<void> => {
      calls.told = 0
      await act()
      await until(what, () => calls.told > 0)
      await sleep(5 * DEBOUNCE_MS)
    },
    changesNothing: async (what: string, act: () => Promise<unknown>): Promise<void> => {
      calls.told = 0
      await act()
      await sleep(6 * DEBOUNCE_MS)
      assert.equal(calls.told, 0, what)
    },
  }
}

async function put(path: string, text = path): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

test('below a folder: written, made, renamed, removed, at once or deep down', async (t) => {
  const folder = join(await temporaryFolder(t), 'tpl')
  await put(join(folder, 'a'))
  await put(join(folder, 'deep/er/b'))
  const { changes, changesNothing } = await watching(t, [folder])
  await changes('written', () => writeFile(join(folder, 'deep/er/b'), 'x'))
  await changes('made', () => put(join(folder, 'c')))
  await changes('replaced by rename', async () => {
    await put(join(folder, '..', 'next'))
    await rename(join(folder, '..', 'next'), join(folder, 'a'))
  })
  await changes('written after that', () => writeFile(join(folder, 'a'), 'y'))
  await changes('a new folder with a file', () => put(join(folder, 'new/folder/d')))
  await changes('written in the new folder', () => writeFile(join(folder, 'new/folder/d'), 'y'))
  await changes('renamed', () => rename(join(folder, 'c'), join(folder, 'e')))
  await changes('removed', () => rm(join(folder, 'deep'), { recursive: true }))
  // A look at the tree can miss a file that moves meanwhile. A reader may have seen it, and must look again.
  await changes('made and removed at once', async () => {
    await put(join(folder, 'f'))
    await rm(join(folder, 'f'))
  })
  await changesNothing('an editor’s own file', () => put(join(folder, '.a.swp')))
  await changesNothing('a neighbour of the folder', () => put(join(folder, '..', 'other')))
})

test('a folder that is swapped whole, and a link to one', async (t) => {
  const top = await temporaryFolder(t)
  for (const n of [1, 2, 3]) await put(join(top, `v${n}`, 'a'), `version ${n}`)
  await symlink('v3', join(top, 'link'))
  await rename(join(top, 'v1'), join(top, 'tpl'))
  const { changes } = await watching(t, [join(top, 'tpl'), join(top, 'link')])
  await changes('swapped by rename', async () => {
    await rename(join(top, 'tpl'), join(top, 'old'))
    await rename(join(top, 'v2'), join(top, 'tpl'))
  })
  await changes('written in the new one', () => writeFile(join(top, 'tpl/a'), 'again'))
  await changes('another link', async () => {
    await put(join(top, 'v4/a'), 'version 4')
    await symlink('v4', join(top, 'next'))
    await rename(join(top, 'next'), join(top, 'link'))
  })
  await changes('written behind the new link', () => writeFile(join(top, 'v4/a'), 'again'))
  await changes('gone', () => rm(join(top, 'tpl'), { recursive: true }))
  await changes('back', () => put(join(top, 'tpl/a')))
  await changes('written after that', () => writeFile(join(top, 'tpl/a'), 'z'))
})

test('generations of a Kubernetes folder', async (t) => {
  const top = join(await temporaryFolder(t), 'tpl')
  const generation = async (n: number): Promise<void> => {
    await put(join(top, `..${n}`, 'app.conf'), `generation ${n}`)
    await symlink(`..${n}`, join(top, '..next'))
    await rename(join(top, '..next'), join(top, '..data'))
  }
  await generation(1)
  await symlink('..data/app.conf', join(top, 'app.conf'))
  const { changes } = await watching(t, [top])
  for (const n of [2, 3]) await changes(`generation ${n}`, () => generation(n))
})

test('single files, and the same file behind a new name', async (t) => {
  const top = await temporaryFolder(t)
  const path = join(top, 'app.conf')
  await put(path)
  const { changes, changesNothing } = await watching(t, [path])
  await changes('written', () => writeFile(path, 'x'))
  await changes('moved away', () => rename(path, join(top, 'away')))
  await changes('moved back', () => rename(join(top, 'away'), path))
  await changesNothing('its neighbour', () => put(join(top, 'other')))
})

test('after close it is silent, also when it is about to watch again', async (t) => {
  const top = await temporaryFolder(t)
  await put(join(top, 'tpl/a'))
  let told = 0
  const watcher = await watchPaths([join(top, 'tpl')], () => (told += 1), { debounceMs: 1, isDeep: true })
  await rename(join(top, 'tpl'), join(top, 'old'))
  await put(join(top, 'tpl/a'))
  await sleep(20)
  await watcher[Symbol.asyncDispose]()
  told = 0
  await put(join(top, 'tpl/b'))
  await sleep(200)
  assert.equal(told, 0)
})

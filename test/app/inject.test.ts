import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { LocketError, toLocketError } from '../../src/core/vocabulary/errors.ts'
import { tinyDisk } from '../support/temporary-folder.ts'
import { injecting, RULES, TWO_NAMES } from './injecting.ts'
import { passTime } from './world.ts'

const DOWN = new LocketError('unavailable', 'memory is down')

test('F11: a provider that was down is asked again without a further change, and health recovers', async (t) => {
  const { provider, clock, log, change, text, isReady, stop } = await injecting(t)
  await until('the first files', isReady)
  provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await until('it is asked', () => provider.batches.length > 1)
  assert.equal(isReady(), true)
  await passTime(clock, 31_000)
  await until('it failed', () => !isReady())
  assert.equal(await text(), 'one value-a')
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1)
  provider.fail(undefined)
  await until('it waits', () => clock.sleepers() === 1)
  await passTime(clock, 15_500)
  await until('healthy again', isReady)
  assert.equal(await text(), 'two value-a')
  await stop()
})

test('a secret that is made later arrives within the minute, also under passthrough', async (t) => {
  for (const policy of ['error', 'passthrough'] as const) {
    const { provider, clock, change, text, isReady, stop } = await injecting(t, { policy })
    await until('the first files', isReady)
    await change('{{ memory://later }}')
    await until('it failed', () => !isReady())
    provider.put('later', 'here')
    await until('it waits', () => clock.sleepers() === 1)
    await passTime(clock, 60_500)
    await until('healthy again', isReady)
    assert.equal(await text(), 'here')
    await stop()
  }
})

test('changes while it writes are one more writing; the last one is what is there', async (t) => {
  const { provider, clock, change, text, isReady, stop } = await injecting(t)
  await until('the first files', isReady)
  provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await until('it waits', () => provider.batches.length > 1)
  for (const word of ['three', 'four', 'five']) await change(`${word} {{ memory://a }}`)
  provider.fail(undefined)
  await passTime(clock, 5000)
  await until('the last one', async () => (await text()) === 'five value-a')
  await stop()
})

test('inject gives up after 30 s without an answer, and reports a SIGTERM as such', async (t) => {
  const hanging = await injecting(t, { mode: 'one-shot' })
  hanging.provider.hang(true)
  const ended = hanging.running.then(
    () => assert.fail('it ended well'),
    (thrown: unknown) => toLocketError(thrown),
  )
  await until('it is asked', () => hanging.provider.batches.length > 0)
  await passTime(hanging.clock, 31_000)
  assert.equal((await ended).code, 'timeout')
  assert.equal(existsSync(hanging.at('out')), false)

  const stopped = await injecting(t)
  stopped.provider.hang(true)
  const failed = stopped.stop().then(
    () => assert.fail('it ended well'),
    (thrown: unknown) => toLocketError(thrown).message,
  )
  assert.equal(await failed, 'stopped by SIGTERM')
})

test('a full disk: after a folder was renamed and its template does not fit, the old files stay', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  const { at, change, clock, log, isReady, stop } = await injecting(t, {
    rules: { ...RULES, maxFileBytes: 1 << 20 },
    dest: join(disk, 'out'),
    prepare: async (tpl) => {
      await mkdir(join(tpl, 'old'))
      await writeFile(join(tpl, 'old/b'), 'good {{ memory://b }}')
      await writeFile(join(tpl, 'stays'), 'also good')
    },
  })
  await until('the first files', isReady)
  await rename(at('tpl/old'), at('tpl/new'))
  await writeFile(at('tpl/large'), 'x'.repeat(256 * 1024))
  await change('two {{ memory://a }}')
  await until('it failed', () => log.lines.some(({ event }) => event === 'inject.failed'))
  assert.equal(await readFile(join(disk, 'out/old/b'), 'utf8'), 'good value-b')
  assert.equal(await readFile(join(disk, 'out/a'), 'utf8'), 'one value-a')
  assert.deepEqual((await readdir(join(disk, 'out'))).toSorted(), ['a', 'old', 'stays'])
  await rm(at('tpl/large'))
  await until('it waits', () => clock.sleepers() === 1)
  await passTime(clock, 60_500)
  await until('healthy again', isReady)
  assert.equal(await readFile(join(disk, 'out/new/b'), 'utf8'), 'good value-b')
  assert.deepEqual((await readdir(join(disk, 'out'))).toSorted(), ['a', 'new', 'stays'])
  await stop()
})

test('a full disk: of the files without a template, only those in the way are removed first', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  const { at, change, log, isReady, stop } = await injecting(t, {
    rules: { ...RULES, maxFileBytes: 1 << 20 },
    dest: join(disk, 'out'),
    prepare: async (tpl) => {
      await writeFile(join(tpl, 'file'), 'a file')
      await mkdir(join(tpl, 'folder'))
      await writeFile(join(tpl, 'folder/inner'), 'a file in a folder')
      await writeFile(join(tpl, 'gone'), 'good')
    },
  })
  await until('the first files', isReady)
  for (const name of ['file', 'folder', 'gone']) await rm(at(`tpl/${name}`), { recursive: true })
  await mkdir(at('tpl/file'))
  await writeFile(at('tpl/file/inner'), 'fits')
  await writeFile(at('tpl/folder'), 'fits')
  await writeFile(at('tpl/large'), 'x'.repeat(256 * 1024))
  await change('two')
  await until('it failed', () => log.lines.some(({ event }) => event === 'inject.failed'))
  assert.deepEqual((await readdir(join(disk, 'out'))).toSorted(), ['a', 'gone'])
  await rm(at('tpl/large'))
  await change('three')
  await until('healthy again', isReady)
  assert.deepEqual((await readdir(join(disk, 'out'), { recursive: true })).toSorted(), [
    'a',
    'file',
    'file/inner',
    'folder',
  ])
  await stop()
})

test('two names of one file: the one whose template is gone does not take the other’s file along', async (t) => {
  const { at, change, isReady, stop } = await injecting(t, TWO_NAMES)
  await until('the first files', isReady)
  await rename(at('more/b'), at('tpl/b'))
  await change('two {{ memory://a }}')
  await until('it is written', async () => (await readFile(at('real/out/a'), 'utf8')) === 'two value-a')
  await stop()
  assert.equal(await readFile(at('real/out/b'), 'utf8'), 'from more')
})

test('an edit that is noticed puts the collection of garbage off', async (t) => {
  const { cared, notice, isReady, stop } = await injecting(t)
  await until('it is ready', isReady)
  await until('the first delivery is over', () => cared() === 1)
  notice()
  assert.equal(cared(), 2)
  await stop()
})

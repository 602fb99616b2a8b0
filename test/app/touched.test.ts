import assert from 'node:assert/strict'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { injecting, TWO_NAMES } from './injecting.ts'
import { packed } from '../fakes/memory-provider.ts'
import { passTime } from './world.ts'

const other = (tpl: string) => writeFile(join(tpl, 'b'), 'other {{ memory://b }}')

test('an edit of one template asks for its references and writes its file alone', async (t) => {
  const { provider, at, change, text, isReady, stop } = await injecting(t, { prepare: other })
  await until('the first files', isReady)
  provider.put('b', 'changed meanwhile')
  await rm(at('out/b'))
  await change('two {{ memory://a }}')
  await until('it is written', async () => (await text()) === 'two value-a')
  assert.deepEqual(provider.batches, [['a', 'b'], ['a']])
  await assert.rejects(stat(at('out/b')), { code: 'ENOENT' })
  await stop()
})

test('a new template is asked for alone; one that went takes its file along', async (t) => {
  const { provider, at, told, isReady, stop } = await injecting(t, { prepare: other })
  await until('the first files', isReady)
  await writeFile(at('tpl/c'), 'new {{ memory://b }}')
  told('tpl/c')
  await until('it is written', async () => (await read(at('out/c'))) === 'new value-b')
  assert.deepEqual(provider.batches.slice(1), [['b']])
  await rm(at('tpl/b'))
  told('tpl/b')
  await until('it is gone', async () => (await read(at('out/b'))) === '')
  assert.equal(await read(at('out/c')), 'new value-b')
  assert.equal(provider.batches.length, 2)
  await stop()
})

test('a change whose delivery failed belongs to the next one, whatever changed then', async (t) => {
  const { provider, clock, at, change, told, text, isReady, log, stop } = await injecting(t, {
    prepare: other,
  })
  await until('the first files', isReady)
  provider.fail(new LocketError('denied', 'no'))
  await change('two {{ memory://a }}')
  await until('it failed', () => log.lines.some(({ event }) => event === 'inject.failed'))
  provider.fail(undefined)
  await writeFile(at('tpl/b'), 'again {{ memory://b }}')
  told('tpl/b')
  await until('both', async () => (await read(at('out/b'))) === 'again value-b')
  assert.equal(await text(), 'two value-a')
  assert.deepEqual(provider.batches.slice(1), [['a'], ['a', 'b']])
  await passTime(clock, 61_000)
  assert.equal(provider.batches.length, 3)
  await stop()
})

test('a template that lacks a secret is tried again alone', async (t) => {
  const { provider, clock, at, isReady, stop } = await injecting(t, {
    policy: 'passthrough',
    prepare: (tpl) => writeFile(join(tpl, 'b'), 'other {{ memory://later }}'),
  })
  await until('the first files', async () => (await read(at('out/b'))) !== '')
  provider.put('later', 'here')
  await until('it waits', () => clock.sleepers() === 1)
  await passTime(clock, 60_500)
  await until('healthy', isReady)
  assert.equal(await read(at('out/b')), 'other here')
  assert.deepEqual(provider.batches.slice(1), [['later']])
  await stop()
})

test('the files of a * reference stay when another template is edited', async (t) => {
  const { provider, at, change, text, isReady, stop } = await injecting(t, {
    stars: true,
    prepare: other,
  })
  await until('the first files', isReady)
  assert.equal(await read(at('named/x')), 'field')
  await change('two {{ memory://a }}')
  await until('it is written', async () => (await text()) === 'two value-a')
  assert.equal(await read(at('named/x')), 'field')
  assert.deepEqual(provider.batches.slice(1), [['a']])
  provider.put('db/*', packed({ y: 'another' }))
  await rename(at('tpl/b'), at('tpl/c'))
  await change('three {{ memory://a }}')
  await until('all fields are known again', async () => (await read(at('named/y'))) === 'another')
  assert.equal(await read(at('named/x')), '')
  await stop()
})

test('two names of one file: when one is gone, the file of the untouched other stays', async (t) => {
  const { at, told, isReady, stop } = await injecting(t, TWO_NAMES)
  await until('the first files', isReady)
  await writeFile(at('tpl/b'), 'from tpl')
  told('tpl/b')
  await until('it is written', async () => (await read(at('real/out/b'))) === 'from tpl')
  await rm(at('more/b'))
  await writeFile(at('tpl/z'), 'z')
  told('tpl/z')
  await until('it is written', async () => (await read(at('real/out/z'))) === 'z')
  assert.equal(await read(at('real/out/b')), 'from tpl')
  await stop()
})

function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

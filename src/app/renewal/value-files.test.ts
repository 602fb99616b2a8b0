import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { WatchPaths } from '../../core/ports/files.ts'
import { createValueFiles } from './value-files.ts'

function setup() {
  const watches: {
    readonly paths: readonly string[]
    readonly tell: (changed: readonly string[]) => void
    isOpen: boolean
  }[] = []
  let failure: Error | undefined
  const watch: WatchPaths = async (paths, tell) => {
    if (failure !== undefined) throw failure
    const one = { paths, tell, isOpen: true }
    watches.push(one)
    return { [Symbol.asyncDispose]: async () => void (one.isOpen = false) }
  }
  const heard: string[] = []
  const listener = (name: string) => ({
    changed: () => void heard.push(`${name} changed`),
    failed: ({ message }: LocketError) => void heard.push(`${name}: ${message}`),
  })
  return {
    files: createValueFiles(watch),
    watches,
    heard,
    listener,
    refuse: (error?: Error) => (failure = error),
  }
}

test('volumes with the same files share one watch, which the last one closes', async () => {
  const { files, watches, heard, listener } = setup()
  const one = files.join(['/s.age'], listener('one'))
  await nextTurn()
  // The watch was not open when the values were read.
  assert.deepEqual(heard.splice(0), ['one changed'])
  const two = files.join(['/s.age'], listener('two'))
  await using _other = files.join(['/.env'], listener('other'))
  await nextTurn()
  assert.deepEqual(heard.splice(0), ['other changed'])
  watches[0]?.tell(['/s.age'])
  assert.deepEqual(heard, ['one changed', 'two changed'])
  await one[Symbol.asyncDispose]()
  assert.deepEqual(
    watches.map(({ isOpen }) => isOpen),
    [true, true],
  )
  await two[Symbol.asyncDispose]()
  await two[Symbol.asyncDispose]()
  assert.deepEqual(
    watches.map(({ isOpen }) => isOpen),
    [false, true],
  )
})

test('a watch that cannot be opened is reported to each volume, and tried again by the next', async () => {
  const { files, watches, heard, listener, refuse } = setup()
  refuse(new LocketError('io', 'no more watches'))
  const [one, two] = [files.join(['/s.age'], listener('one')), files.join(['/s.age'], listener('two'))]
  await nextTurn()
  assert.deepEqual(heard, ['one: no more watches', 'two: no more watches'])
  refuse()
  await using _three = files.join(['/s.age'], listener('three'))
  await nextTurn()
  await one[Symbol.asyncDispose]()
  await two[Symbol.asyncDispose]()
  assert.deepEqual([watches.length, watches[0]?.isOpen], [1, true])
})

test('a volume that leaves before the watch is open closes it', async () => {
  const { files, watches, listener } = setup()
  await files.join(['/s.age'], listener('one'))[Symbol.asyncDispose]()
  assert.deepEqual(
    watches.map(({ isOpen }) => isOpen),
    [false],
  )
})

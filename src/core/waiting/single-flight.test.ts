import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSingleFlight } from './single-flight.ts'

const forever = () => new AbortController().signal

test('callers of one key share one piece of work, and the next one starts again', async () => {
  const flights = createSingleFlight<number>()
  let begun = 0
  const work = async () => (begun += 1)
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => flights.run('a', forever(), work))), [1, 1, 1])
  assert.equal(await flights.run('a', forever(), work), 2)
  assert.equal(await flights.run('b', forever(), work), 3)
})

test('all callers get a failure, and it is not kept', async () => {
  const flights = createSingleFlight<string>()
  const fails = () => Promise.reject(new Error('no'))
  const both = await Promise.allSettled([
    flights.run('a', forever(), fails),
    flights.run('a', forever(), fails),
  ])
  assert.deepEqual(
    both.map((it) => it.status),
    ['rejected', 'rejected'],
  )
  assert.equal(await flights.run('a', forever(), async () => 'yes'), 'yes')
})

test('one caller can leave; when the last has left, the work is aborted and cannot be joined', async () => {
  const flights = createSingleFlight<string>()
  const [first, second] = [new AbortController(), new AbortController()]
  let shared: AbortSignal | undefined
  const hangs = (signal: AbortSignal) => {
    shared = signal
    return new Promise<string>(() => undefined)
  }
  const one = flights.run('a', first.signal, hangs)
  const two = flights.run('a', second.signal, hangs)
  first.abort(new Error('first'))
  await assert.rejects(one, /first/)
  assert.equal(shared?.aborted, false)
  second.abort(new Error('second'))
  await assert.rejects(two, /second/)
  assert.equal(shared?.aborted, true)
  assert.equal(await flights.run('a', forever(), async () => 'new'), 'new')
})

test('an aborted caller starts no work', async () => {
  let begun = 0
  await assert.rejects(createSingleFlight<number>().run('a', AbortSignal.abort(), async () => (begun += 1)))
  assert.equal(begun, 0)
})

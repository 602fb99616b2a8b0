import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import type { Clock } from '../../src/core/ports/clock.ts'
import type { StartWorker, Worker } from '../../src/core/ports/process.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { startWorkerProcess } from '../../src/host/process/worker-process.ts'
import { createFence } from '../../src/providers/lib/fence/fence.ts'
import type { Fence } from '../../src/providers/lib/fence/fence.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { gone, isRunning } from '../support/processes.ts'

const PROGRAM = new URL('../fixtures/programs/fenced.ts', import.meta.url)
const TITLE = "op: the library's SDK"
const DEADLINE = { timeout: 20_000 }

interface Fenced {
  readonly fence: Fence
  readonly workers: readonly Worker[]
  readonly ask: (method: string, argument?: unknown, signal?: AbortSignal) => Promise<unknown>
  readonly pid: () => Promise<number>
}

/** Real processes behind the fence; it is closed when the test ends. */
function fenced(t: TestContext, clock: Clock = systemClock()): Fenced {
  const workers: Worker[] = []
  const startWorker: StartWorker = (library, options) => {
    const worker = startWorkerProcess(PROGRAM, [library], options)
    workers.push(worker)
    return worker
  }
  const fence = createFence({ library: 'any', title: TITLE, startWorker, clock })
  t.after(() => fence[Symbol.asyncDispose]())
  const ask: Fenced['ask'] = (method, argument, signal = AbortSignal.timeout(15_000)) =>
    fence.call(method, argument, signal)
  return { fence, workers, ask, pid: async () => Number(await ask('pid')) }
}

test('plain data goes there and back, bytes among it', DEADLINE, async (t) => {
  const { ask, workers } = fenced(t)
  assert.equal(workers.length, 0, 'nothing is started before the first call')
  const data = { text: 'ünï', list: [1, null, true], bytes: new Uint8Array([0, 255]), none: undefined }
  assert.deepEqual(await ask('echo', data), data)
})

test('calls at the same time share one process, and each gets its own answer', DEADLINE, async (t) => {
  const { ask, workers } = fenced(t)
  const numbers = Array.from({ length: 20 }, (_, index) => index)
  assert.deepEqual(await Promise.all(numbers.map((number) => ask('echo', number))), numbers)
  assert.equal(workers.length, 1)
})

for (const way of ['panic', 'exit']) {
  test(`${way} costs the calls under way, and the next works in a new process`, DEADLINE, async (t) => {
    const { ask, pid } = fenced(t)
    const first = await pid()
    const lost = [ask('hang'), ask('hang'), ask(way)]
    for (const call of await Promise.allSettled(lost)) {
      assert.ok(call.status === 'rejected' && call.reason instanceof LocketError)
      assert.equal(call.reason.code, 'unavailable')
      assert.equal(call.reason.message, `${TITLE} ended in the middle of the work`)
      assert.ok(!inspect(call.reason, { depth: 9, showHidden: true }).includes('canary'))
    }
    assert.notEqual(await pid(), first)
  })
}

test('a process killed from outside costs the same, while idle nothing', DEADLINE, async (t) => {
  const { ask, pid } = fenced(t)
  const first = await pid()
  const lost = ask('hang')
  process.kill(first, 'SIGKILL')
  await assert.rejects(lost, { code: 'unavailable' })
  const second = await pid()
  process.kill(second, 'SIGKILL')
  await gone(second)
  await sleep(50)
  assert.notEqual(await pid(), second)
})

for (const way of ['hang', 'spin']) {
  test(`${way} ends with the deadline, and so does the process`, DEADLINE, async (t) => {
    const { ask, pid } = fenced(t)
    const first = await pid()
    const began = performance.now()
    await assert.rejects(ask(way, undefined, AbortSignal.timeout(200)), {
      code: 'timeout',
      message: `${TITLE} did not answer before the deadline`,
    })
    assert.ok(performance.now() - began < 1000)
    await gone(first, 1000)
    assert.notEqual(await pid(), first)
  })
}

test(
  'a caller that goes away gets aborted, and an aborted signal starts nothinghing',
  DEADLINE,
  async (t) => {
    const { ask, workers } = fenced(t)
    await assert.rejects(ask('echo', 1, AbortSignal.abort()), { code: 'aborted' })
    assert.equal(workers.length, 0)
    const caller = new AbortController()
    const pending = ask('hang', undefined, caller.signal)
    caller.abort()
    await assert.rejects(pending, { code: 'aborted' })
  },
)

test(
  'what others still wait for goes on after one gave up, and nothing new is sent there',
  DEADLINE,
  async (t) => {
    const { ask, pid, workers } = fenced(t)
    const first = await pid()
    const patient = ask('hang', undefined, AbortSignal.timeout(3000))
    // A busy machine may take longer than that to start the second process.
    patient.catch(() => undefined)
    await assert.rejects(ask('hang', undefined, AbortSignal.timeout(100)), { code: 'timeout' })
    assert.ok(isRunning(first))
    const second = await pid()
    assert.notEqual(second, first)
    await assert.rejects(patient, { code: 'timeout' })
    await gone(first, 1000)
    assert.equal(await pid(), second)
    assert.equal(workers.length, 2)
  },
)

test('what the library throws is internal, without its words', DEADLINE, async (t) => {
  const { ask, pid, workers } = fenced(t)
  for (const method of ['fail', 'no such method', 'constructor', 'toString']) {
    await assert.rejects(ask(method), (error: LocketError) => {
      assert.equal(error.code, 'internal')
      return !inspect(error, { depth: 9, showHidden: true }).includes('canary')
    })
  }
  await pid()
  assert.equal(workers.length, 1)
})

test('what cannot be sent fails its own call only', DEADLINE, async (t) => {
  const { ask, pid, workers } = fenced(t)
  await assert.rejects(ask('echo', () => undefined))
  await pid()
  assert.equal(workers.length, 1)
})

test('after ten minutes without a call the process is given back', DEADLINE, async (t) => {
  const clock = createManualClock()
  const { pid } = fenced(t, clock)
  const first = await pid()
  await clock.advance(599_000)
  assert.equal(await pid(), first, 'a call begins the ten minutes anew')
  await clock.advance(599_000)
  assert.ok(isRunning(first))
  await clock.advance(1001)
  await gone(first, 1000)
  assert.notEqual(await pid(), first)
})

test('there is no pause after a process has ended, nor during a call', DEADLINE, async (t) => {
  const clock = createManualClock()
  const { ask, pid, fence } = fenced(t, clock)
  await pid()
  assert.equal(clock.sleepers(), 1)
  const hung = ask('hang', undefined, AbortSignal.timeout(200))
  assert.equal(clock.sleepers(), 0)
  await assert.rejects(hung, { code: 'timeout' })
  assert.equal(clock.sleepers(), 0)
  await assert.rejects(ask('exit'), { code: 'unavailable' })
  assert.equal(clock.sleepers(), 0)
  const lost = assert.rejects(ask('hang'), { code: 'internal' })
  await fence[Symbol.asyncDispose]()
  await lost
  assert.equal(clock.sleepers(), 0)
})

test('dispose ends what runs, doubtful ones too, and every later call is internal', DEADLINE, async (t) => {
  const { ask, fence, pid } = fenced(t)
  const first = await pid()
  const pending = [ask('spin')]
  await assert.rejects(ask('pid', undefined, AbortSignal.timeout(100)), { code: 'timeout' })
  const second = await pid()
  pending.push(ask('hang'))
  const lost = Promise.allSettled(pending)
  await fence[Symbol.asyncDispose]()
  assert.ok(!isRunning(first) && !isRunning(second))
  for (const call of await lost) {
    assert.ok(call.status === 'rejected' && call.reason instanceof LocketError)
    assert.equal(call.reason.code, 'internal')
  }
  await assert.rejects(ask('pid'), { code: 'internal', message: `${TITLE} is closed` })
  await fence[Symbol.asyncDispose]()
})

test('a worker that cannot be started is unavailable', DEADLINE, async () => {
  const startWorker: StartWorker = () => startWorkerProcess(new URL('nothing.ts', PROGRAM), [])
  await using fence = createFence({ library: 'any', title: TITLE, startWorker, clock: systemClock() })
  await assert.rejects(fence.call('pid', undefined, AbortSignal.timeout(15_000)), { code: 'unavailable' })
})

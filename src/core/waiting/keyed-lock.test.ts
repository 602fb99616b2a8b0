import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createKeyedLock } from './keyed-lock.ts'

const NEVER = new AbortController().signal

test('tasks of one key run one after the other, in the order of the calls', async () => {
  const lock = createKeyedLock()
  const log: string[] = []
  const task = (name: string) => async () => {
    log.push(`${name} begins`)
    await Promise.resolve()
    log.push(`${name} ends`)
    return name
  }
  const results = await Promise.all(['a', 'b', 'c'].map((name) => lock.run('key', NEVER, task(name))))
  assert.deepEqual(results, ['a', 'b', 'c'])
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('a task that hangs blocks only its own key', async () => {
  const lock = createKeyedLock()
  const { promise, resolve } = Promise.withResolvers<string>()
  const hanging = lock.run('slow', NEVER, () => promise)
  assert.equal(await lock.run('fast', NEVER, () => 'done'), 'done')
  resolve('at last')
  assert.equal(await hanging, 'at last')
})

test('a task that throws releases the key', async () => {
  const lock = createKeyedLock()
  const failing = lock.run('key', NEVER, () => {
    throw new Error('canary failure')
  })
  const next = lock.run('key', NEVER, () => 'next')
  await assert.rejects(failing, /canary failure/)
  assert.equal(await next, 'next')
})

test('a waiter that aborts is rejected at once; those behind it keep their turn', async () => {
  const lock = createKeyedLock()
  const { promise, resolve } = Promise.withResolvers<void>()
  const controller = new AbortController()
  const log: string[] = []
  const holder = lock.run('key', NEVER, () => promise)
  const given = lock.run('key', controller.signal, () => log.push('given up'))
  const behind = lock.run('key', NEVER, () => log.push('behind'))
  const reason = new Error('the engine hung up')
  controller.abort(reason)
  await assert.rejects(given, (thrown) => thrown === reason)
  assert.deepEqual(log, [])
  resolve()
  await Promise.all([holder, behind])
  assert.deepEqual(log, ['behind'])
})

test('a signal that is aborted already never starts its task', async () => {
  const lock = createKeyedLock()
  const reason = new Error('too late')
  const run = lock.run('key', AbortSignal.abort(reason), () => assert.fail('it ran'))
  await assert.rejects(run, (thrown) => thrown === reason)
  assert.equal(await lock.run('key', NEVER, () => 'free'), 'free')
})

test('an abort between getting the key and starting the task releases the key', async () => {
  const lock = createKeyedLock()
  const controller = new AbortController()
  // The first microtask runs before the holder's end is seen. The second runs between the holder's end and
  // the start of the next task.
  const abortInBetween = () => queueMicrotask(() => controller.abort(new Error('late')))
  const holder = lock.run('key', NEVER, async () => {
    await Promise.resolve()
    queueMicrotask(abortInBetween)
  })
  const late = lock.run('key', controller.signal, () => assert.fail('it ran'))
  const next = lock.run('key', NEVER, () => 'next')
  await Promise.all([holder, assert.rejects(late, /late/)])
  assert.equal(await next, 'next')
})

test('an abort does not end a task that runs', async () => {
  const lock = createKeyedLock()
  const controller = new AbortController()
  const running = lock.run('key', controller.signal, async () => {
    controller.abort()
    await Promise.resolve()
    return 'finished'
  })
  assert.equal(await running, 'finished')
})

test('in any order of events no two tasks of a key overlap, and all others run in order', async () => {
  const job = fc.record({ key: fc.constantFrom('a', 'b'), isAborted: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(job, { maxLength: 12 }), fc.scheduler(), async (jobs, scheduler) => {
      const lock = createKeyedLock()
      const running = new Set<string>()
      const started: number[] = []
      const runs = jobs.map(async ({ key, isAborted }, index) => {
        const controller = new AbortController()
        const done = lock.run(key, controller.signal, async () => {
          assert.ok(!running.has(key), `two tasks of ${key}`)
          running.add(key)
          started.push(index)
          await scheduler.schedule(Promise.resolve(), `task ${index}`)
          running.delete(key)
          return index
        })
        if (isAborted) {
          void scheduler.schedule(Promise.resolve(), `abort ${index}`).then(() => controller.abort('aborted'))
        }
        return done
      })
      const settled = Promise.allSettled(runs)
      await scheduler.waitFor(settled)
      const results = await settled
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') assert.equal(result.value, index)
        else
          assert.ok(
            jobs[index]?.isAborted === true && result.reason === 'aborted' && !started.includes(index),
            String(result.reason),
          )
      }
      for (const key of ['a', 'b']) {
        const order = started.filter((index) => jobs[index]?.key === key)
        assert.deepEqual(
          order,
          order.toSorted((left, right) => left - right),
        )
      }
      assert.equal(running.size, 0)
    }),
    { seed: 20261122 },
  )
})

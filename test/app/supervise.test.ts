import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { turns, world } from './supervise-world.ts'

test('a command that fails again and again is started after pauses that double up to 30 s', async () => {
  const { supervisor, clock, children, log, last } = world()
  void supervisor.run({ VALUE: 'a' })
  await turns()
  for (const [at, pauseMs] of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
    last().end(1)
    await turns()
    await clock.advance(pauseMs - 1)
    assert.equal(children.length, at + 1)
    await clock.advance(1)
    await turns()
    assert.equal(children.length, at + 2)
  }
  assert.deepEqual(log.lines[0], {
    level: 'warn',
    event: 'exec.failed',
    message: 'the command has ended and is started again',
    facts: { code: 1, pauseMs: 1000 },
  })
  // It has lived for a minute, so earlier failures do not count.
  await clock.advance(60_000)
  last().end(1)
  await turns()
  await clock.advance(1000)
  await turns()
  assert.equal(children.length, 9)
})

test('a command that is not kept running ends with its own exit code', async () => {
  for (const code of [0, 1, 137]) {
    const { supervisor, last } = world({ isKeptRunning: false })
    const ended = supervisor.run({})
    await turns()
    last().end(code)
    assert.equal(await ended, code)
  }
})

test('a replaced command is asked to end, then killed, and only then the next one is started', async () => {
  const { supervisor, clock, children, last } = world()
  void supervisor.run({ VALUE: 'a' })
  await turns()
  const first = last()
  supervisor.replace({ VALUE: 'b' })
  supervisor.replace({ VALUE: 'c' })
  await turns()
  assert.deepEqual(first.got, ['SIGTERM'])
  await clock.advance(29_999)
  assert.equal(children.length, 1)
  await clock.advance(1)
  await turns()
  assert.deepEqual(first.got, ['SIGTERM', 'SIGKILL'])
  assert.deepEqual(
    children.map(({ value }) => value),
    ['a', 'c'],
  )
})

test('the next command waits for what the old one has left in its group', async () => {
  const { supervisor, clock, children, last } = world()
  void supervisor.run({ VALUE: 'a' })
  await turns()
  supervisor.replace({ VALUE: 'b' })
  last().vanish()
  await turns()
  await clock.advance(5000)
  assert.equal(children.length, 1)
  assert.deepEqual(children[0]?.got, ['SIGTERM', 'SIGTERM for the rest'])
  await clock.advance(25_000)
  await turns()
  assert.equal(children.length, 2)
})

test('an environment that could not be started replaces nothing', async () => {
  const { supervisor, refused, last } = world()
  void supervisor.run({ VALUE: 'a' })
  await turns()
  refused.add('b')
  assert.throws(() => supervisor.replace({ VALUE: 'b' }), /there is no command x/)
  await turns()
  assert.deepEqual(last().got, [])
})

test('one that fails to start all the same gives way to the one before it', async () => {
  const { supervisor, clock, unstartable, children, log, last } = world()
  void supervisor.run({ VALUE: 'a' })
  await turns()
  unstartable.add('b')
  supervisor.replace({ VALUE: 'b' })
  await turns()
  last().end(0)
  await turns()
  await clock.advance(1000)
  await turns()
  assert.ok(log.lines.some(({ level, event }) => level === 'error' && event === 'exec.not-started'))
  assert.deepEqual(
    children.map(({ value }) => value),
    ['a', 'a'],
  )
})

test('a first start that fails is the failure of the run', async () => {
  const { supervisor, refused } = world()
  refused.add('a')
  await assert.rejects(supervisor.run({ VALUE: 'a' }), /there is no command x/)
})

test('SIGTERM while a command is being replaced is passed on, and nothing is started after it', async () => {
  const { supervisor, send, children, last } = world()
  const ended = supervisor.run({ VALUE: 'a' })
  await turns()
  supervisor.replace({ VALUE: 'b' })
  await turns()
  send('SIGTERM')
  assert.deepEqual(last().got, ['SIGTERM', 'SIGTERM'])
  last().end(143)
  assert.equal(await ended, 143)
  assert.equal(children.length, 1)
})

test('SIGTERM while nothing runs ends the wait, and SIGHUP does so too', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const { supervisor, send, children, last } = world()
    const ended = supervisor.run({})
    await turns()
    last().end(9)
    await turns()
    send(signal)
    assert.equal(await ended, 9)
    assert.equal(children.length, 1)
  }
})

test('SIGHUP is for the command: locket ends only if the command ends of it', async () => {
  const { supervisor, send, clock, children, last } = world()
  const ended = supervisor.run({})
  await turns()
  send('SIGHUP')
  assert.deepEqual(last().got, ['SIGHUP'])
  last().end(1)
  await turns()
  await clock.advance(1000)
  await turns()
  assert.equal(children.length, 2)
  last().end(129)
  assert.equal(await ended, 129)
})

test('a command that ends of a signal which was passed on is not started again', async () => {
  for (const [signal, code] of [
    ['SIGABRT', 134],
    ['SIGPWR', 158],
    ['SIGRTMIN+3', 165],
  ] as const) {
    const { supervisor, send, last, children } = world()
    const ended = supervisor.run({})
    await turns()
    send(signal)
    assert.deepEqual(last().got, [signal])
    last().end(code)
    assert.equal(await ended, code)
    assert.equal(children.length, 1)
  }
})

test('a realtime signal or SIGPWR ends the wait for the next start; SIGUSR1 and SIGALRM do not', async () => {
  for (const signal of ['SIGRTMIN+3', 'SIGPWR', 'SIGABRT'] as const) {
    const { supervisor, send, last } = world()
    const ended = supervisor.run({})
    await turns()
    last().end(9)
    await turns()
    send('SIGUSR1')
    send('SIGALRM')
    await turns()
    send(signal)
    assert.equal(await ended, 9)
  }
})

test('no timer and no listener is left', async () => {
  const { supervisor, send, clock, last, isListening } = world()
  const ended = supervisor.run({})
  await turns()
  send('SIGTERM')
  last().end(0)
  await ended
  await turns()
  assert.equal(clock.sleepers(), 0)
  supervisor[Symbol.dispose]()
  assert.ok(!isListening())
})

test('a signal that comes while the command is being started reaches it, and does not end locket', async () => {
  const { supervisor, early, last } = world({ isKeptRunning: false })
  early.push('SIGABRT', 'SIGUSR1')
  const run = supervisor.run({})
  await nextTurn()
  assert.deepEqual(last().got, ['SIGABRT', 'SIGUSR1'])
  last().end(0)
  assert.equal(await run, 0)
})

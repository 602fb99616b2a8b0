import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import type { FakeContainer } from '../../fixtures/servers/engine.ts'
import { openReloads } from './open-reloads.ts'

const web = (more: Partial<FakeContainer> = {}): FakeContainer => ({
  id: 'c1',
  name: 'web',
  volumes: ['va', 'vb'],
  ...more,
})

/** Reloads, with these containers in the engine. */
const opened = (t: TestContext, ...containers: FakeContainer[]) => openReloads(t, containers)

test('a change makes one reload of each running container that uses the volume', async (t) => {
  const { change, settled, engine, events } = await opened(
    t,
    web(),
    web({ id: 'c2', name: 'other', volumes: ['vb'] }),
    web({ id: 'c3', name: 'ended', state: 'exited' }),
    web({ id: 'c4', name: 'two', volumes: ['va'] }),
  )
  change('va', 'signal:SIGHUP')
  await settled('va')
  assert.deepEqual([...engine.done].sort(), ['kill SIGHUP two', 'kill SIGHUP web'])
  assert.deepEqual(events(), ['reload.done', 'reload.done'])
})

test('volumes of a container that change together make one reload; equal actions are merged', async (t) => {
  const { change, settled, engine } = await opened(t, web())
  change('va', 'signal:SIGHUP')
  change('vb', 'signal:SIGHUP')
  await settled('va', 'vb')
  assert.deepEqual(engine.done, ['kill SIGHUP web'])
  change('va', 'exec:reload a')
  change('vb', 'signal:SIGUSR1')
  await settled('va', 'vb')
  assert.deepEqual(engine.done.slice(1), ['exec web: reload a', 'kill SIGUSR1 web'])
})

test('a restart replaces every other action', async (t) => {
  const { change, settled, engine } = await opened(t, web())
  change('va', 'signal:SIGHUP')
  change('vb', 'restart')
  await settled('va', 'vb')
  assert.deepEqual(engine.done, ['restart web'])
})

test('the window ends, however often a volume changes', async (t) => {
  const { change, pass, engine } = await opened(t, web())
  for (let second = 0; second < 7; second += 0.5) {
    change('va', 'signal:SIGHUP')
    await pass(500)
  }
  await until('the first reload', () => engine.done.length > 0)
})

test('a container that has begun after the change has read it, and is left alone', async (t) => {
  const container = web()
  const { change, settled, engine, clock } = await opened(t, container)
  container.startedAt = clock.now() + 60_000
  change('va', 'restart')
  await settled('va')
  assert.deepEqual(engine.done, [])
})

test('a label turns reloads off, or replaces the action; a wrong one is reported once', async (t) => {
  const label = (text: string) => ({ labels: { 'locket.on-change': text } })
  const { change, settled, engine, events, log } = await opened(
    t,
    web(label('off')),
    web({ id: 'c2', name: 'api', ...label('signal:USR1') }),
    web({ id: 'c3', name: 'sly', ...label('exec:steal it') }),
    web({ id: 'c4', name: 'typo', ...label('of') }),
    web({ id: 'c5', name: 'toucher', ...label('touch:password') }),
    web({ id: 'c6', name: 'plain' }),
  )
  for (let time = 0; time < 2; time += 1) {
    change('va', 'restart')
    await settled('va')
  }
  const once = ['kill SIGUSR1 api', 'restart plain']
  assert.deepEqual([...engine.done].sort(), [...once, ...once].sort())
  const wrong = log.lines
    .filter(({ event }) => event === 'reload.label')
    .map(({ facts }) => facts?.['container'])
  assert.deepEqual(wrong, ['sly', 'typo', 'toucher'])
  assert.equal(events().filter((name) => name === 'reload.failed').length, 0)
})

test('a label may run a command where the volume runs one', async (t) => {
  const labels = { 'locket.on-change': 'exec:own reload' }
  const { change, settled, engine } = await opened(t, web({ labels }))
  change('va', 'exec:nginx -s reload')
  await settled('va')
  assert.deepEqual(engine.done, ['exec web: own reload'])
})

test('an engine that answers again: one report of the failure, one of the end, one reload', async (t) => {
  const { change, settled, pass, engine, events, reloads } = await opened(t, web())
  engine.knobs.failStatus = 500
  engine.knobs.errorText = 'busy'
  change('va', 'signal:SIGHUP')
  await until('it failed', async () => {
    await pass(500)
    return events().length === 1
  })
  const asked = engine.requests.length
  await until('it is tried again', async () => {
    await pass(5000)
    return engine.requests.length > asked + 1
  })
  assert.deepEqual(events(), ['reload.failed'])
  assert.match(
    reloads.troublesOf('va')[0] ?? '',
    /^on-change: asking for the containers.*tried again: .*busy/,
  )
  engine.knobs.failStatus = undefined
  await settled('va')
  assert.deepEqual(engine.done, ['kill SIGHUP web'])
  assert.deepEqual(events(), ['reload.failed', 'reload.recovered', 'reload.done'])
  assert.deepEqual(reloads.troublesOf('va'), [])
})

test('a command that fails is tried again, and the action that worked is not', async (t) => {
  const { change, settled, engine, events } = await opened(t, web({ exitCodes: [1, 1, 0] }))
  change('va', 'exec:nginx -s reload')
  change('vb', 'signal:SIGHUP')
  await settled('va', 'vb')
  const reload = 'exec web: nginx -s reload'
  assert.deepEqual(engine.done, [reload, 'kill SIGHUP web', reload, reload])
  assert.deepEqual(events(), ['reload.done', 'reload.failed', 'reload.done', 'reload.recovered'])
})

test('ten minutes of failures: given up, shown in Status, and tried at the next change', async (t) => {
  const container = web({ exitCodes: Array.from({ length: 100 }, () => 7) })
  const { change, settled, engine, events, reloads } = await opened(t, container)
  change('va', 'exec:nginx -s reload')
  await settled('va')
  assert.deepEqual(events(), ['reload.failed', 'reload.gave-up'])
  assert.ok(engine.done.length > 8 && engine.done.length < 20, `${engine.done.length} tries`)
  assert.match(
    reloads.troublesOf('va').join(),
    /exec:nginx -s reload of web failed and is given up until the next change: .*exit code 7/,
  )
  container.exitCodes?.splice(0)
  change('va', 'exec:nginx -s reload')
  await settled('va')
  assert.deepEqual(events().slice(2), ['reload.done', 'reload.recovered'])
  assert.deepEqual(reloads.troublesOf('va'), [])
})

test('a command that does not end is given up, because another one beside it could do harm', async (t) => {
  const { change, settled, engine, events, log } = await opened(t, web({ isBusy: true }))
  change('va', 'exec:sleep 9999')
  await settled('va')
  assert.deepEqual(engine.done, ['exec web: sleep 9999'])
  assert.deepEqual(events(), ['reload.gave-up'])
  assert.match(String(log.lines.at(-1)?.facts?.['error']), /still runs after 1m/)
})

test('a container that ends or is removed ends its tries; a paused one waits', async (t) => {
  const container = web({ state: 'paused' })
  const { change, settled, pass, engine, events, reloads } = await opened(t, container)
  change('va', 'signal:SIGHUP')
  await until('it failed', async () => {
    await pass(500)
    return events().includes('reload.failed')
  })
  assert.match(reloads.troublesOf('va').join(), /the container is paused/)
  container.state = 'running'
  await settled('va')
  assert.deepEqual(engine.done, ['kill SIGHUP web'])
  container.state = 'paused'
  change('va', 'signal:SIGHUP')
  await pass(3000)
  engine.containers.splice(0)
  await settled('va')
  assert.deepEqual(engine.done, ['kill SIGHUP web'])
})

test('a change during the tries of an earlier one: one more try, and both are settled', async (t) => {
  const { change, settled, pass, engine, events } = await opened(t, web({ exitCodes: [1, 0] }))
  change('va', 'exec:reload')
  await until('it failed', async () => {
    await pass(500)
    return events().includes('reload.failed')
  })
  change('va', 'exec:reload')
  change('vb', 'exec:reload')
  await pass(1000)
  // The clock stands still: new work ends the pause of the old one.
  await until('the next try', () => engine.done.length === 2)
  await settled('va', 'vb')
  assert.deepEqual(engine.done, ['exec web: reload', 'exec web: reload'])
})

test('a signal that costs the container its restart policy is reported once', async (t) => {
  const { change, settled, log } = await opened(
    t,
    web({ restartPolicy: 'always' }),
    web({ id: 'c2', name: 'unless', restartPolicy: 'unless-stopped', stopSignal: 'SIGTERM' }),
    web({ id: 'c3', name: 'safe', restartPolicy: 'always', stopSignal: 'SIGTERM' }),
    web({ id: 'c4', name: 'never' }),
  )
  for (let time = 0; time < 2; time += 1) {
    change('va', 'signal:SIGHUP')
    await settled('va')
  }
  const lost = log.lines.filter(({ event }) => event === 'reload.no-restart')
  assert.deepEqual(lost.map(({ facts }) => String(facts['container'])).sort(), ['unless', 'web'])
})

test('without a socket the reload is given up at once, with the cure', async (t) => {
  const { change, settled, events, log } = await openReloads(t, [], { isGiven: false })
  change('va', 'restart')
  await settled('va')
  assert.deepEqual(events(), ['reload.gave-up'])
  assert.match(String(log.lines.at(-1)?.facts?.['error']), /set docker-socket/)
})

test('the stop of the daemon ends a request that hangs, and nothing is reported', async (t) => {
  const { change, pass, engine, events, stop, clock } = await opened(t, web())
  engine.knobs.trouble = 'hang'
  change('va', 'restart')
  await until('the engine is asked', async () => {
    await pass(500)
    return engine.requests.length > 0
  })
  stop()
  await until('no connection is left', () => engine.openSockets === 0)
  await until('no timer is left', () => clock.sleepers() === 0)
  assert.deepEqual(events(), [])
})

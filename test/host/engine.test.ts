import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Clock } from '../../src/core/ports/clock.ts'
import { formatError, isLocketError } from '../../src/core/vocabulary/errors.ts'
import { parseVolumeName } from '../../src/core/vocabulary/names.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openEngine } from '../../src/host/engine/engine.ts'
import { until } from '../../scripts/engine/until.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { fakeEngine, type FakeContainer } from '../fixtures/servers/engine.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NEVER = new AbortController().signal
const vol = parseVolumeName('vol')

async function started(t: TestContext, containers: FakeContainer[] = [], clock: Clock = systemClock()) {
  const socket = join(await temporaryFolder(t), 'docker.sock')
  const server = await fakeEngine(socket, containers)
  t.after(() => server[Symbol.asyncDispose]())
  return { server, socket, engine: openEngine({ socket, isManaged: false, clock }) }
}

async function errorOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  )
  assert.ok(isLocketError(thrown), String(thrown))
  return `${thrown.code}: ${formatError(thrown)}`
}

test('the containers of a volume are the running ones, with their label', async (t) => {
  const labels = { 'locket.on-change': 'off', other: 'x' }
  const { engine } = await started(t, [
    { id: 'c1', name: 'web', volumes: ['vol', 'x'], labels },
    { id: 'c2', name: 'frozen', volumes: ['vol'], state: 'paused' },
    { id: 'c3', name: 'looping', volumes: ['vol'], state: 'restarting' },
    { id: 'c4', name: 'ended', volumes: ['vol'], state: 'exited' },
    { id: 'c5', name: 'another', volumes: ['vol2'] },
  ])
  assert.deepEqual(await engine.containersWith(vol, NEVER), [
    { id: 'c1', name: 'web', label: 'off' },
    { id: 'c2', name: 'frozen', label: undefined },
  ])
})

test('a container is signalled, restarted, and runs a command', async (t) => {
  const stopSignal = 'SIGQUIT'
  const web = { id: 'c1', name: 'web', volumes: [], startedAt: 5000, restartPolicy: 'always', stopSignal }
  const { engine, server } = await started(t, [web, { id: 'c2', name: 'old', volumes: [], state: 'exited' }])
  assert.deepEqual(await engine.stateOf('c1', NEVER), {
    startedAt: 5000,
    restartPolicy: 'always',
    stopSignal,
  })
  assert.equal(await engine.stateOf('c2', NEVER), undefined)
  assert.equal(await engine.stateOf('gone', NEVER), undefined)
  await engine.kill('c1', 'SIGHUP', NEVER)
  await engine.kill('c1', 'SIGRTMIN+3', NEVER)
  await engine.restart('c1', NEVER)
  await engine.exec('c1', ['nginx', '-s', 'reload'], NEVER)
  const done = ['kill SIGHUP web', 'kill 37 web', 'restart web', 'exec web: nginx -s reload']
  assert.deepEqual(server.done, done)
  await until('no connection is left', () => server.openSockets === 0)
})

test('what fails: a container that is gone or stopped, a command that fails or does not exist', async (t) => {
  const web = { id: 'c1', name: 'web', volumes: [], exitCodes: [3] }
  const { engine } = await started(t, [web, { id: 'c2', name: 'old', volumes: [], state: 'exited' }])
  assert.match(await errorOf(engine.kill('gone', 'SIGHUP', NEVER)), /^not_found: .*No such container: gone/)
  assert.match(await errorOf(engine.kill('c2', 'SIGHUP', NEVER)), /^unavailable: .*status 409.*not running/)
  assert.match(await errorOf(engine.exec('c1', ['a'], NEVER)), /^hook_failed: .*exit code 3/)
  assert.match(await errorOf(engine.exec('c1', ['nosuch'], NEVER)), /^hook_failed: .*executable file not/)
})

test('an engine that is not there, is not a socket, or was not given, is named with its cure', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'docker.sock')
  const clock = systemClock()
  const at = (socket: string | undefined, isManaged = false) => openEngine({ socket, isManaged, clock })
  const faultOf = async (engine: ReturnType<typeof at>) =>
    formatError((await engine.fault()) ?? assert.fail())
  assert.match(await faultOf(at(path)), /docker-socket: .*docker\.sock is not a socket \(name the socket/)
  assert.match(await errorOf(at(path).containersWith(vol, NEVER)), /^unavailable: .*it does not exist/)
  await writeFile(path, '')
  assert.match(await faultOf(at(path)), /is not a socket/)
  assert.match(await errorOf(at(path).containersWith(vol, NEVER)), /^unavailable: .*nothing listens there/)
  assert.match(await faultOf(at(undefined)), /was not given the Docker Engine's socket \(set docker-socket/)
  assert.match(await faultOf(at('/dev/null', true)), /docker plugin set locket docker\.source=/)
  const { engine } = await started(t)
  assert.equal(await engine.fault(), undefined)
})

test('an answer that is not JSON, of another shape, or that quotes control characters', async (t) => {
  const { engine, server } = await started(t)
  for (const garbage of ['<html>', '{}', '[{"Id":"../x","State":"running"}]', '[{"Id":1}]', '']) {
    server.garbage = garbage
    assert.match(await errorOf(engine.containersWith(vol, NEVER)), /^provider_protocol: .*cannot be read/)
  }
  server.garbage = undefined
  server.knobs.failStatus = 500
  server.knobs.errorText = `\u001b[31m${'x'.repeat(1000)}`
  const said = await errorOf(engine.containersWith(vol, NEVER))
  assert.match(said, /^unavailable: the Docker Engine answered with status 500: \?\[31mx+…$/)
  assert.ok(said.length < 400)
})

test('an answer that is too large is cut off, and one that breaks off is a failure', async (t) => {
  const { engine, server } = await started(t)
  server.garbage = `[${' '.repeat(9 * 1024 * 1024)}]`
  assert.match(await errorOf(engine.containersWith(vol, NEVER)), /^too_large: /)
  server.garbage = undefined
  server.knobs.trouble = 'cut'
  assert.match(await errorOf(engine.containersWith(vol, NEVER)), /^unavailable: .*connection was closed/)
})

test('something that does not speak HTTP is named', async (t) => {
  const socket = join(await temporaryFolder(t), 'docker.sock')
  const server = createServer((connection) => void connection.end('SSH-2.0-OpenSSH_9.2\r\n'))
  server.listen(socket)
  t.after(() => server.close())
  const engine = openEngine({ socket, isManaged: false, clock: systemClock() })
  assert.match(await errorOf(engine.containersWith(vol, NEVER)), /^provider_protocol: .*not HTTP/)
})

test('an engine that hangs, and a command that does not end, have a limit in time', async (t) => {
  const clock = createManualClock()
  const busy: FakeContainer = { id: 'c1', name: 'web', volumes: [], isBusy: true }
  const { engine, server } = await started(t, [busy], clock)
  const running = errorOf(engine.exec('c1', ['sleep'], NEVER))
  let isOver = false
  void running.finally(() => (isOver = true))
  await until('the command has its time', async () => {
    await clock.advance(4000)
    return isOver
  })
  assert.match(await running, /^timeout: the command still runs after 1m/)
  server.knobs.trouble = 'hang'
  const asked = server.requests.length
  const hung = errorOf(engine.containersWith(vol, NEVER))
  await until('it is asked', () => server.requests.length > asked)
  await clock.advance(10_000)
  assert.match(await hung, /^timeout: .*did not answer within 10s/)
  await until('no connection is left', () => server.openSockets === 0)
})

test('an abort ends a request at once', async (t) => {
  const { engine, server } = await started(t)
  server.knobs.trouble = 'hang'
  const stop = new AbortController()
  const asked = engine.restart('c1', stop.signal)
  await until('it is asked', () => server.requests.length === 1)
  stop.abort(new Error('the daemon stops'))
  await assert.rejects(asked, /the daemon stops/)
  await until('no connection is left', () => server.openSockets === 0)
})

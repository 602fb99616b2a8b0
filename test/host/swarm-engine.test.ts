import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openSwarmEngine } from '../../src/host/engine/swarm-engine.ts'
import { json, startService, text, type ServiceAnswer } from '../fixtures/servers/http-fixture.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NEVER = new AbortController().signal

const SERVICE = {
  ID: 'svc1',
  Version: { Index: 7 },
  Spec: {
    Name: 'shop',
    Labels: { 'locket.rotate': 'redeploy' },
    TaskTemplate: {
      ContainerSpec: { Image: 'bb', Secrets: [{ SecretID: 's1', SecretName: 'db', File: { Mode: 292 } }] },
      ForceUpdate: 2,
      Unknown: { kept: [1, null] },
    },
    UpdateConfig: { Order: 'start-first' },
  },
  UpdateStatus: { State: 'completed', StartedAt: '2026-01-01T00:00:00.5Z', Message: 'update completed' },
}

type Answer = (method: string, path: string, body: string) => ServiceAnswer

async function open(t: TestContext, answer: Answer) {
  const socketPath = join(await temporaryFolder(t), 'docker.sock')
  const server = await startService({
    socketPath,
    answer: (request, url, body) => answer(request.method ?? '', url.pathname + url.search, body.toString()),
    failure: (status, message) => json(status, { message }),
  })
  t.after(() => server[Symbol.asyncDispose]())
  return { server, engine: openSwarmEngine(socketPath, systemClock()) }
}

test('a service is sent back as it was, but for one number, with its version', async (t) => {
  let sent: { path: string; body: unknown } | undefined
  const { engine } = await open(t, (method, path, body) => {
    if (method === 'GET') return json(200, SERVICE)
    sent = { path, body: JSON.parse(body) }
    return json(200, {})
  })
  await engine.redeploy('svc1', 3, NEVER)
  const TaskTemplate = { ...SERVICE.Spec.TaskTemplate, ForceUpdate: 3 }
  assert.deepEqual(sent, { path: '/services/svc1/update?version=7', body: { ...SERVICE.Spec, TaskTemplate } })
  sent = undefined
  await engine.redeploy('svc1', 2, NEVER)
  assert.equal(sent, undefined)
})

test('another change at the same time: it is read again and sent with the new version', async (t) => {
  const paths: string[] = []
  const { engine } = await open(t, (method, path) => {
    if (method === 'GET') return json(200, { ...SERVICE, Version: { Index: 7 + paths.length } })
    paths.push(path)
    const message = 'rpc error: code = Unknown desc = update out of sequence'
    return paths.length < 3 ? json(500, { message }) : json(200, {})
  })
  await engine.redeploy('svc1', 3, NEVER)
  assert.deepEqual(
    paths,
    [7, 8, 9].map((version) => `/services/svc1/update?version=${version}`),
  )
})

test('a number that JSON would change is not sent back', async (t) => {
  const large = JSON.stringify(SERVICE).replace('"Index":7', '"Index":7,"Delay":9007199254740993')
  const { server, engine } = await open(t, () => text(200, large))
  await assert.rejects(engine.redeploy('svc1', 3, NEVER), {
    code: 'config',
    hint: 'redeploy it by hand: docker service update --force shop',
  })
  assert.deepEqual(server.requests, ['/services/svc1'])
})

test('secrets of the driver, services with their facts, and the leader', async (t) => {
  const secret = (id: string, driver?: string) => ({
    ID: id,
    Spec: { Name: id, Labels: null, ...(driver === undefined ? {} : { Driver: { Name: driver } }) },
  })
  const { engine } = await open(t, (_, path) => {
    if (path === '/info') return json(200, { Swarm: { NodeID: 'n1', ControlAvailable: true } })
    if (path === '/nodes/n1') return json(200, { ManagerStatus: { Leader: true } })
    if (path === '/secrets')
      return json(200, [
        secret('s1', 'locket'),
        secret('s2', 'locket:latest'),
        secret('s3', 'other'),
        secret('s4'),
      ])
    return json(200, [SERVICE, { ...SERVICE, Spec: { Name: 'bare', TaskTemplate: {} }, UpdateStatus: {} }])
  })
  assert.equal(await engine.leads(NEVER), true)
  assert.deepEqual(
    (await engine.secrets('locket:latest', NEVER)).map(({ id }) => id),
    ['s1', 's2'],
  )
  const [shop, bare] = await engine.services(NEVER)
  assert.deepEqual(shop, {
    id: 'svc1',
    name: 'shop',
    labels: { 'locket.rotate': 'redeploy' },
    secretIds: ['s1'],
    forceUpdate: 2,
    startsFirst: true,
    update: { state: 'completed', startedAt: '2026-01-01T00:00:00.5Z', message: 'update completed' },
  })
  assert.deepEqual([bare?.secretIds, bare?.startsFirst, bare?.update], [[], false, undefined])
})

test('a node that is not a manager, and an answer that cannot be read', async (t) => {
  const worker = await open(t, () => json(200, { Swarm: { NodeID: '', ControlAvailable: false } }))
  await assert.rejects(worker.engine.leads(NEVER), { code: 'config', message: /not a manager of a Swarm/ })
  const broken = await open(t, () => text(200, 'x'))
  await assert.rejects(broken.engine.services(NEVER), { code: 'provider_protocol' })
})

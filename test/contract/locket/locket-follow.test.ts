import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { CANARY, open, stored } from '../provider/provider-attempt.ts'
import { startBackend, subject } from './locket-server.ts'

const ADMIN = { actor: 'admin', address: '' }
const SIGNAL = AbortSignal.timeout(60_000)

/** A client that has read two secrets, and follows the broker. */
async function following(t: TestContext) {
  const { service, backend } = await startBackend(t)
  const refs = await stored(subject, backend, { a: CANARY, b: 'two' })
  const opened = await open(subject, backend)
  t.after(() => opened[Symbol.asyncDispose]())
  const { client } = opened
  assert.ok(client.follow !== undefined && client.versions !== undefined)
  for (const outcome of (await client.fetch(refs, SIGNAL)).values())
    if (outcome.ok) outcome.secret.value.wipe()
  const heard: string[] = []
  const ending = new AbortController()
  const ended = client.follow(
    {
      live: (isLive) => void heard.push(isLive ? 'live' : 'not live'),
      changed: (isAbout) =>
        void heard.push(
          `changed ${refs
            .filter((ref) => isAbout(ref))
            .map(({ key }) => key)
            .join()}`,
        ),
    },
    ending.signal,
  )
  t.after(async () => {
    ending.abort()
    await ended
  })
  await until('the watch is held', () => service.requests.some((line) => line.startsWith('/v2/watch')))
  return { service, refs, heard, client, end: () => (ending.abort(), ended) }
}

test('a change of a secret concerns this one, and a grant all of them', async (t) => {
  const { service, heard, end } = await following(t)
  const { catalog } = service.broker
  await catalog.remove(ADMIN, { project: 'shop', name: 'b' })
  await catalog.add(ADMIN, { project: 'shop', name: 'b', reference: 'memory://other' })
  await catalog.grant(ADMIN, 'first', { project: 'shop', name: 'b' })
  await until('the grant is told', () => heard.includes('changed shop/a,shop/b'))
  assert.equal(heard[0], 'live')
  await end()
  assert.equal(heard.at(-1), 'not live')
  assert.ok(!heard.slice(0, -1).includes('not live'), heard.join('; '))
})

test('a machine that is disabled learns it from the watch that it holds', async (t) => {
  const { service, heard } = await following(t)
  await service.broker.machines.setState(ADMIN, 'first', 'disabled')
  await until('it is told', () => heard.includes('changed shop/a,shop/b'))
  assert.deepEqual(heard, ['not live', 'changed shop/a,shop/b'])
})

test('a broker that is away is not live, and is asked again', async (t) => {
  const { service, heard } = await following(t)
  service.knobs.failStatus = 503
  await service.broker.catalog.revoke(ADMIN, 'first', { project: 'shop', name: 'b' })
  await until('it is not live', () => heard.includes('not live'))
  service.knobs.failStatus = undefined
  const asked = service.requests.length
  await until('it is asked again', () => service.requests.length > asked)
  await service.broker.catalog.grant(ADMIN, 'first', { project: 'shop', name: 'b' })
  await until(
    'it is live again',
    () => heard.at(-1)?.startsWith('changed') === true && heard.includes('live'),
  )
})

test('the question for versions names those that are known, and unchanged values are not sent', async (t) => {
  const { service, refs, client } = await following(t)
  const [a, b] = refs
  assert.ok(a !== undefined && b !== undefined && client.versions !== undefined)
  const bodies: string[] = []
  service.tamper = (answer) => (bodies.push(answer.body.toString()), answer)
  const before = await client.versions(SIGNAL)
  const sent = bodies.filter((body) => body.includes('"answers"'))
  assert.equal(sent.length, 1)
  assert.doesNotMatch(sent[0] ?? '', /"value"/)
  service.values.set('b', Buffer.from('three'))
  const after = await client.versions(SIGNAL)
  assert.equal(after(a), before(a))
  assert.notEqual(after(b), before(b))
  assert.ok(before(a) !== undefined && after(b) !== undefined)
  const again = bodies.findLast((body) => body.includes('"answers"')) ?? ''
  assert.ok(!again.includes(Buffer.from(CANARY).toString('base64')), 'the value of a was not sent again')
})

test('a value of another version than the one told before makes the next answer another one', async (t) => {
  const { service, refs, client } = await following(t)
  const b = refs[1]
  assert.ok(b !== undefined && client.versions !== undefined)
  const told = async (): Promise<string | undefined> => (await client.versions?.(SIGNAL))?.(b)
  const read = async (value: string): Promise<void> => {
    service.values.set('b', Buffer.from(value))
    const outcome = (await client.fetch([b], SIGNAL)).get(b.id)
    assert.ok(outcome?.ok === true)
    assert.equal(Buffer.from(outcome.secret.value.reveal()).toString(), value)
    outcome.secret.value.wipe()
  }
  const first = await told()
  // The value changes between the question for the versions and the one for the value, and goes back.
  await read('older')
  service.values.set('b', Buffer.from('two'))
  const back = await told()
  assert.notEqual(back, first)
  await read('two')
  assert.equal(await told(), back, 'it is settled')
})

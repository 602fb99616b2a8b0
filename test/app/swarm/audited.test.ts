import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createAudit } from '../../../src/app/audit/audit.ts'
import { createSwarmSecrets } from '../../../src/app/swarm/swarm-secrets.ts'
import type { AuditFacts } from '../../../src/core/audit/facts.ts'
import type { SecretRequest } from '../../../src/core/volume/swarm/secret-request.ts'
import { isLocketError, LocketError } from '../../../src/core/vocabulary/errors.ts'
import { openHostKey } from '../../../src/host/state/host-key.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { CANARY, openWorld, testDriver } from '../world.ts'
import { requestFor } from './asking.ts'

async function audited(t: TestContext, onFailure: 'deny' | 'warn' = 'deny') {
  const world = await openWorld(t)
  const lines: AuditFacts[] = []
  const disk: { isFull: boolean; hangs?: Promise<void> } = { isFull: false }
  const log = {
    append: async (facts: readonly AuditFacts[]) => {
      await disk.hangs
      if (disk.isFull) throw new LocketError('io', 'the disk is full')
      lines.push(...facts)
    },
    close: async () => undefined,
  }
  const { clock } = world
  const { emit } = world.log
  const audit = createAudit({ log, hostKey: openHostKey(world.stateDir), clock, emit, onFailure })
  const driver = testDriver(world)
  const secrets = createSwarmSecrets({ ...driver, audit, swarm: driver.daemon.swarm })
  t.after(async () => {
    secrets[Symbol.dispose]()
    await driver.clients.close()
  })
  const ask = async (request: SecretRequest): Promise<string> => {
    try {
      const value = await secrets.valueFor(request)
      value.wipe()
      return 'ok'
    } catch (thrown) {
      if (!isLocketError(thrown)) throw thrown
      return thrown.code
    }
  }
  return { lines, disk, clock, ask }
}

test('each task that gets a value has a line with its secret, service and task', async (t) => {
  const { lines, ask } = await audited(t)
  for (const taskId of ['t1', 't2', 't2']) await ask(requestFor('memory://a', { taskId }))
  const [first] = lines
  assert.deepEqual(
    lines.map(({ action, outcome, secret, service, task, provider }) =>
      [action, outcome, secret, service, task, provider].join(' '),
    ),
    ['t1', 't2'].map((task) => `secret ok db_password shop_db ${task} memory`),
  )
  assert.equal(first?.values?.[0]?.reference, 'memory://a')
  assertNoSecret(JSON.stringify(lines), [CANARY])
})

test('a refusal has one line, however often Swarm tries again', async (t) => {
  const { lines, ask } = await audited(t)
  for (const _ of [1, 2, 3]) assert.equal(await ask(requestFor('memory://none')), 'not_found')
  assert.deepEqual(
    lines.map(({ action, outcome }) => `${action} ${outcome}`),
    ['secret not_found'],
  )
})

test('a full disk: with deny no task gets a value, with warn each does', async (t) => {
  const strict = await audited(t)
  strict.disk.isFull = true
  assert.equal(await strict.ask(requestFor('memory://a')), 'io')
  const lenient = await audited(t, 'warn')
  lenient.disk.isFull = true
  assert.equal(await lenient.ask(requestFor('memory://a')), 'ok')
})

test('a disk that hangs: every answer is there within 2 s, and has no value in it', async (t) => {
  for (const [reference, onFailure, expected] of [
    ['memory://a', 'deny', 'timeout'],
    ['memory://a', 'warn', 'timeout'],
    ['memory://none', 'deny', 'not_found'],
  ] as const) {
    const { lines, disk, clock, ask } = await audited(t, onFailure)
    const { promise, resolve } = Promise.withResolvers<void>()
    disk.hangs = promise
    const answers: string[] = []
    const asking = ask(requestFor(reference)).then((text) => answers.push(text))
    await clock.advance(2000)
    assert.deepEqual(answers, [expected])
    assert.equal(lines.length, 0)
    resolve()
    await asking
    // The line of the refusal comes when the disk does.
    await clock.advance(1)
    assert.equal(lines.at(-1)?.outcome, expected)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuditWriter } from '../../../src/app/broker/audit/writer.ts'
import { dropOldLines } from '../../../src/app/broker/audit/drop-old-lines.ts'
import { entryOf } from '../../contract/broker/audit-store-contract.ts'
import { brokerParts } from './broker-parts.ts'

const HOUR_MS = 3_600_000

test('old lines are deleted after a line that tells it, and only as many as are too old', async (t) => {
  const { ports, clock, log, broker } = await brokerParts(t)
  broker[Symbol.dispose]()
  const { audited } = ports
  const audit = createAuditWriter({ store: audited, clock, emit: log.emit, onFailure: 'deny' })
  const kept = { ...ports, audit, settings: { ...ports.settings, auditKeepMs: HOUR_MS } }
  const targets = async () => (await audited.after(0, 10)).map(({ entry }) => entry.target)
  for (const name of ['a', 'b', 'c']) {
    await audit([entryOf(name, { at: clock.now() })])
    await clock.advance(HOUR_MS / 2)
  }
  await dropOldLines({ ...kept, settings: ports.settings })
  assert.deepEqual(await targets(), ['a', 'b', 'c'])
  await dropOldLines(kept)
  assert.deepEqual(await targets(), ['b', 'c', 'from line 1'])
  await dropOldLines(kept)
  assert.deepEqual(await targets(), ['b', 'c', 'from line 1'])
  const { previous, lines } = await broker.audit.lines(0, 10)
  assert.deepEqual([previous.seq, lines.length], [1, 3])
  assert.ok(lines[0]?.includes(`"prev":"${previous.hash}"`))
})

test('of several replicas one deletes, and the others take over from one that has ended', async (t) => {
  const { ports, clock, log, broker } = await brokerParts(t)
  broker[Symbol.dispose]()
  const { audited } = ports
  const replicas = Array.from({ length: 3 }, () => ({
    ...ports,
    audit: createAuditWriter({ store: audited, clock, emit: log.emit, onFailure: 'deny' }),
    settings: { ...ports.settings, auditKeepMs: HOUR_MS },
  }))
  await replicas[0]?.audit(['a', 'b'].map((name) => entryOf(name, { at: clock.now() })))
  await clock.advance(2 * HOUR_MS)
  const [first] = replicas
  assert.ok(first)
  const ended = { ...first, audit: () => Promise.reject(new Error('it was killed')) }
  await assert.rejects(dropOldLines(ended), /killed/)
  const drops = async () =>
    (await audited.after(0, 10)).filter(({ entry }) => entry.action === 'audit.drop').length
  await Promise.all(replicas.map(dropOldLines))
  assert.equal(await drops(), 0, 'one has promised it')
  await clock.advance(10 * 60_000)
  await Promise.all(replicas.map(dropOldLines))
  assert.equal(await drops(), 1)
  assert.deepEqual(
    (await audited.after(0, 10)).map(({ entry }) => entry.target),
    ['from line 1'],
  )
})

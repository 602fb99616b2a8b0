import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wipeAnswers } from '../../../src/app/broker/read.ts'
import type { AnswerRow } from '../../../src/core/broker/answer-body.ts'
import { brokerParts, type BrokerParts } from './broker-parts.ts'

async function read(parts: BrokerParts, refs: readonly string[]): Promise<ReadonlyMap<string, AnswerRow>> {
  const by = await parts.ask(await parts.machine('reader'))
  return await parts.broker.read(by, {
    refs,
    known: new Map(),
    context: {},
    signal: AbortSignal.timeout(5000),
  })
}

async function addSecrets(
  { store, values, clock }: BrokerParts,
  sizes: readonly number[],
): Promise<string[]> {
  for (const [index, size] of sizes.entries()) {
    const [name, createdAt] = [`s${index}`, clock.now()]
    values.set(name, new Uint8Array(size).fill(7))
    await store.addSecret({ project: 'shop', name, reference: `memory://${name}`, createdAt })
  }
  return sizes.map((_, index) => `shop/s${index}`)
}

test('one value cannot be asked for under many spellings', async (t) => {
  const parts = await brokerParts(t)
  await addSecrets(parts, [10])
  const spellings = ['shop/s0/%61', 'shop/s0/%2a', 'shop/s0/a b', 'shop/s0/\ud800']
  const rows = await read(parts, ['shop/s0', ...spellings])
  assert.equal(rows.get('shop/s0')?.kind, 'value')
  for (const text of spellings) assert.deepEqual(rows.get(text), { kind: 'error', code: 'ref_syntax' }, text)
  wipeAnswers(rows)
})

test('the values of one answer have at most 16 MiB, and the rest gets an error by name', async (t) => {
  const parts = await brokerParts(t)
  const mib = 1024 * 1024
  const refs = await addSecrets(parts, [9 * mib, 7 * mib, 1, 5])
  const rows = await read(parts, refs)
  const kinds = refs.map((ref) => rows.get(ref)).map((row) => (row?.kind === 'error' ? row.code : row?.kind))
  assert.deepEqual(kinds, ['value', 'value', 'too_large', 'too_large'])
  assert.match(JSON.stringify(parts.log.lines), /shop\/s2.*more than 16 MiB/)
  wipeAnswers(rows)
})

test('a value that does not fit into the rest of an answer is not sent in part', async (t) => {
  const parts = await brokerParts(t)
  const refs = await addSecrets(parts, [10, 16 * 1024 * 1024])
  const rows = await read(parts, refs)
  assert.equal(rows.get('shop/s0')?.kind, 'value')
  assert.deepEqual(rows.get('shop/s1'), { kind: 'error', code: 'too_large' })
  wipeAnswers(rows)
})

test('a secret that the policy denies is not listed, and one that it cannot decide about is not', async (t) => {
  const parts = await brokerParts(t, {
    decide({ secret: { name }, machine }) {
      if (name === 's1') throw new Error('it does not work')
      return { isAllowed: name !== 's0' && machine.name === 'reader', policy: 'some' }
    },
  })
  await addSecrets(parts, [1, 1, 1])
  const by = await parts.ask(await parts.machine('reader'))
  const names = (await parts.broker.list(by)).map(({ name }) => name)
  assert.deepEqual(names, ['of-reader', 's2'])
})

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createAuditReader } from '../../../src/app/broker/audit/reader.ts'
import { createAuditWriter } from '../../../src/app/broker/audit/writer.ts'
import { checkLogFile } from '../../../src/core/audit/verify.ts'
import { chainRows, EMPTY_CHAIN, type AuditHead } from '../../../src/core/broker/audit/chain-rows.ts'
import { createSigningKey } from '../../../src/core/broker/keys.ts'
import type { AuditEntry } from '../../../src/core/broker/seams.ts'
import type { AuditStore } from '../../../src/core/ports/broker-store.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { NOW } from './broker-store-contract.ts'

/** A database for one test. `open` may be called again: as another replica does. */
export interface AuditStoreSubject {
  open(t: TestContext): Promise<() => Promise<AuditStore & AsyncDisposable>>
}

export function entryOf(name: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: NOW,
    actor: 'machine m_a',
    action: 'read',
    target: name,
    address: '10.0.0.1',
    outcome: 'allowed',
    reason: 'grant',
    ...more,
  }
}

/** Returns the faults of the whole chain, with its last hash. */
export async function checked(store: AuditStore): Promise<{ faults: readonly string[]; last: AuditHead }> {
  const reader = createAuditReader(store, { key: createSigningKey(), clock: systemClock() })
  const check = checkLogFile('audit')
  for (let after: number | undefined = 0; after !== undefined;) {
    const { lines, next } = await reader.lines(after, 7)
    for (const line of lines) check.add(new TextEncoder().encode(line), true)
    after = next
  }
  const { faults, last } = check.result()
  const head = await store.head()
  return { faults, last: { seq: head.seq, hash: last ?? EMPTY_CHAIN.hash } }
}

/** Tests that every store of audit lines must pass. */
export function auditStoreContract(kind: string, subject: AuditStoreSubject): void {
  const named = (
    name: string,
    body: (store: AuditStore, again: () => Promise<AuditStore & AsyncDisposable>) => Promise<void>,
  ): void =>
    void test(`${kind}: ${name}`, async (t) => {
      const open = await subject.open(t)
      await using store = await open()
      await body(store, open)
    })

  named('rows are stored after the head they were made for, or not at all', async (store, open) => {
    assert.deepEqual(await store.head(), EMPTY_CHAIN)
    const first = chainRows(
      Array.from({ length: 87 }, (_, index) => entryOf(`n${index}`)),
      EMPTY_CHAIN,
    )
    assert.equal(await store.append(first, EMPTY_CHAIN), true)
    assert.equal(await store.append(chainRows([entryOf('late')], EMPTY_CHAIN), EMPTY_CHAIN), false)
    await using other = await open()
    const { seq, hash } = await other.head()
    assert.deepEqual({ seq, hash }, { seq: 87, hash: first.at(-1)?.hash })
    assert.deepEqual(await other.after(0, 1000), first)
    assert.deepEqual(await other.after(80, 2), first.slice(80, 82))
    assert.deepEqual(await store.append([], { seq, hash }), true)
  })

  named('rows come back as they were, with each character that a database may not keep', async (store) => {
    const strange = 'a\0b\u{1F511}\uD800"\\\n\u202E'
    const entry = entryOf(strange, { machine: strange, secret: 'shop/db', reason: strange.repeat(500) })
    const rows = chainRows([entry, entryOf('plain', { outcome: 'failed' })], EMPTY_CHAIN)
    await store.append(rows, EMPTY_CHAIN)
    assert.deepEqual(await store.after(0, 10), rows)
    const { faults, last } = await checked(store)
    assert.deepEqual([faults, last], [[], await store.head()])
  })

  named('the newest rows come by filter and by page', async (store) => {
    const entries = Array.from({ length: 60 }, (_, index) =>
      entryOf(`n${index}`, {
        at: NOW + index,
        machine: `web${index % 3}`,
        secret: `shop/s${index % 2}`,
        outcome: index % 5 === 0 ? 'denied' : 'allowed',
      }),
    )
    await store.append(chainRows(entries, EMPTY_CHAIN), EMPTY_CHAIN)
    const numbers = async (...asked: Parameters<AuditStore['newest']>) =>
      (await store.newest(...asked)).map(({ seq }) => seq)
    assert.deepEqual(await numbers({}, 3), [60, 59, 58])
    assert.deepEqual(await numbers({ before: 3 }, 3), [2, 1])
    assert.deepEqual(await numbers({ machine: 'web0', secret: 'shop/s0' }, 3), [55, 49, 43])
    assert.deepEqual(await numbers({ outcome: 'denied', before: 50 }, 2), [46, 41])
    assert.deepEqual(await numbers({ since: NOW + 10, until: NOW + 12 }, 10), [13, 12, 11])
    assert.deepEqual(await numbers({ machine: 'nobody' }, 10), [])
    assert.deepEqual(await numbers({ since: NOW + 60 }, 10), [])
    const head = await store.head()
    // The clock was set back between these two lines.
    const odd = [NOW + 900, NOW + 5].map((at, index) => entryOf(`odd${index}`, { at }))
    await store.append(chainRows(odd, head), head)
    assert.deepEqual(await numbers({ since: NOW + 58 }, 10), [61, 60, 59])
    assert.deepEqual(await numbers({ since: NOW + 58, before: 61 }, 10), [60, 59])
    assert.deepEqual(await numbers({ since: NOW + 500 }, 10), [61])
  })

  named('the oldest rows are deleted, and the rest still verifies', async (store) => {
    const entries = Array.from({ length: 30 }, (_, index) => entryOf(`n${index}`, { at: NOW + index }))
    const rows = chainRows(entries, EMPTY_CHAIN)
    await store.append(rows, EMPTY_CHAIN)
    assert.deepEqual(await store.dropBefore(NOW, 100), EMPTY_CHAIN)
    assert.equal((await store.dropBefore(NOW + 10, 4)).seq, 4)
    assert.equal((await store.dropBefore(NOW + 10, 100)).seq, 10)
    assert.deepEqual(await store.after(0, 1), [rows[10]])
    assert.deepEqual((await checked(store)).faults, [])
    const base = await store.dropBefore(NOW + 1000, 100)
    assert.equal(base.seq, 29, 'the last line stays')
    assert.deepEqual(await store.base(), base)
    assert.deepEqual((await checked(store)).faults, [])
  })

  named('one of two processes claims a piece of work', async (store, open) => {
    await using other = await open()
    const claims = (work: string) => Promise.all([store, other, store].map((one) => one.claim(work)))
    assert.equal((await claims('a')).filter(Boolean).length, 1)
    assert.equal((await claims('b')).filter(Boolean).length, 1)
    assert.equal((await claims('b')).filter(Boolean).length, 0)
  })

  named('two processes write one chain at the same time', async (store, open) => {
    await using other = await open()
    const [clock, log] = [systemClock(), createRecordingLog()]
    const writers = [store, other].map((to) =>
      createAuditWriter({ store: to, clock, emit: log.emit, onFailure: 'deny' }),
    )
    const calls = Array.from({ length: 60 }, (_, index) => async () => {
      await writers[index % 2]?.([entryOf(`a${index}`), entryOf(`b${index}`)])
      // A caller that waits for each of its lines makes groups that meet those of the other process.
      await writers[index % 2]?.([entryOf(`c${index}`)])
    })
    await Promise.all(calls.map((call) => call()))
    const { faults, last } = await checked(store)
    assert.deepEqual([faults, last], [[], await other.head()])
    const targets = (await store.after(0, 1000)).map(({ entry }) => entry.target)
    assert.deepEqual(
      targets.toSorted(),
      Array.from({ length: 60 }, (_, n) => [`a${n}`, `b${n}`, `c${n}`])
        .flat()
        .toSorted(),
    )
    assert.deepEqual(log.lines, [])
  })
}

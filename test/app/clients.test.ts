import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClients } from '../../src/app/access/clients.ts'
import type { ProviderDef, ProviderInstance, ProviderStatus } from '../../src/providers/define.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { createMemoryProvider, memoryRef } from '../fakes/memory-provider.ts'
import { createRecordingLog } from '../fakes/recording-log.ts'

const forever = new AbortController().signal

/** An instance named `memory` with its own credential, and with so many requests. */
function instance(key: string, status: ProviderStatus | undefined): ProviderInstance {
  const def: ProviderDef = {
    kind: 'memory',
    title: 'in memory',
    schemes: ['memory'],
    autoRefresh: 'never',
    example: 'memory://name',
    settings: { name: 'memory', title: 'in memory', fields: {} },
    parse: (text) => memoryRef(text),
    check: () => [],
    open: async () => ({ ...createMemoryProvider({ a: 'value' }), status: () => status }),
  }
  return { name: 'memory', def, settings: {}, key }
}

function counted(requests: number, left: number, paused?: string): ProviderStatus {
  return {
    requestsLastHour: requests,
    requests,
    limits: [{ limit: '10/m', left }],
    failures: 0,
    ...(paused === undefined ? {} : { paused }),
  }
}

function opened() {
  const { emit } = createRecordingLog()
  const ports = { files: {}, startWorker: () => undefined, env: {}, hiddenNames: new Set() }
  const clients = createClients({ clock: createManualClock(), emit, ...ports } as never, 0)
  const use = async (name: string, one: ProviderInstance) =>
    await clients.resolveFor({ kind: 'volume', name: name }, [one])([memoryRef('a')], forever)
  return { clients, use }
}

test('instances of one name are one row: sums, the smallest rest, a pause of any', async () => {
  const { clients, use } = opened()
  assert.deepEqual(clients.list(), [])
  const first = instance('one', counted(5, 4))
  await use('u', first)
  await use('v', first)
  await use('w', instance('two', counted(7, 2, 'it is failing')))
  assert.deepEqual(clients.list(), [
    { name: 'memory', kind: 'memory', callers: 3, status: counted(12, 2, 'it is failing') },
  ])
})

test('the requests of a client that was closed stay in the count of its name', async () => {
  const { clients, use } = opened()
  await use('v', instance('one', counted(5, 4)))
  await use('w', instance('two', counted(7, 2)))
  await clients.release({ kind: 'volume', name: 'v' })
  assert.deepEqual(clients.list()[0]?.status, { ...counted(7, 2), requests: 12 })
})

test('a caller that comes back while its clients are closed keeps those that it opens', async () => {
  const { clients, use } = opened()
  const [one, two] = ['one', 'two'].map((key) => instance(key, counted(1, 1)))
  await use('v', one as ProviderInstance)
  await use('v', two as ProviderInstance)
  const released = clients.release({ kind: 'volume', name: 'v' })
  await use('v', two as ProviderInstance)
  await released
  assert.equal(clients.list()[0]?.callers, 1)
})

test('a provider that asks no server has no status', async () => {
  const { clients, use } = opened()
  await use('v', instance('one', undefined))
  assert.deepEqual(clients.list(), [{ name: 'memory', kind: 'memory', callers: 1, status: undefined }])
})

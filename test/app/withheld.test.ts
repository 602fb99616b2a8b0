import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { serverOf } from '../../src/app/last-known-good/server.ts'
import { openChildSink, type ForChild } from '../../src/app/sinks/child.ts'
import { locket } from '../../src/providers/locket/locket.ts'
import { createInstance } from '../../src/providers/instance.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = { changed: [], made: [], gone: [] }

test('a file that first refers to a cloud takes the credential of that cloud from the next start', async () => {
  const sink = openChildSink({
    inherited: { AWS_SECRET_ACCESS_KEY: 'canary', HOME: '/h' },
    withheld: new Map([['aws-sm', ['AWS_SECRET_ACCESS_KEY']]]),
    files: { put: async () => NOTHING } as unknown as Parameters<typeof openChildSink>[0]['files'],
    isRepeated: true,
  })
  const rendered = { contents: new Map(), incomplete: new Set() } as unknown as ForChild['rendered']
  const first = await sink.put({ variables: [], outputs: [], untouched: [], rendered })
  first.accept()
  assert.deepEqual(first.env, { AWS_SECRET_ACCESS_KEY: 'canary', HOME: '/h' })
  const output = { template: { refs: [{ provider: 'aws-sm' }] } } as unknown as ForChild['outputs'][number]
  const second = await sink.put({ variables: undefined, outputs: [output], untouched: [], rendered })
  assert.deepEqual(second.env, { HOME: '/h' })
})

test('cached values of a broker belong to the broker and the machine of the identity file', async (t) => {
  const identity = join(await temporaryFolder(t), 'identity.json')
  const place = () => serverOf(createInstance(locket, { identity }))
  const missing = place()
  await writeFile(identity, JSON.stringify({ apiUrl: 'https://a', serverKey: 'k', machineId: 'm' }))
  const before = place()
  await writeFile(identity, JSON.stringify({ apiUrl: 'https://b', serverKey: 'k', machineId: 'm' }))
  assert.equal(new Set([missing, before, place()]).size, 3)
  await writeFile(identity, JSON.stringify({ apiUrl: 'https://a', serverKey: 'k', machineId: 'm', extra: 1 }))
  assert.equal(place(), before)
})

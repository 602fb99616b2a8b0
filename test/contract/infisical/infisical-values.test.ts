import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { folderOf, inDev, PROJECT } from '../../fixtures/servers/infisical-data.ts'
import type { InfisicalData } from '../../fixtures/servers/infisical-data.ts'
import { connected, REST, subject } from './infisical-server.ts'
import { fieldsOf } from '../provider/provider-all.ts'
import { parsed, settingsOf } from '../provider/provider-attempt.ts'

const ref = (key: string, more = '') => `infisical:///${key}?${REST}&path=/app${more}`

/**
 * The value of each key of `/app`, read alone and with the others, on old and new servers: both reads must
 * agree.
 */
async function everyWay(
  t: TestContext,
  data: InfisicalData,
  expected: Readonly<Record<string, string>>,
  more = '',
): Promise<void> {
  const texts = Object.keys(expected).map((key) => ref(key, more))
  for (const isLate of [false, true]) {
    for (const generation of ['v4', 'v3'] as const) {
      const { server, codes, read } = await connected(t, data)
      Object.assign(server.knobs, { isLate, generation })
      const together = await codes(...texts)
      const apart: string[] = []
      for (const text of texts) apart.push(...(await codes(text)))
      assert.deepEqual(together, apart, `${generation}, ${isLate ? 'late' : 'early'}`)
      for (const [index, [key, value]] of Object.entries(expected).entries()) {
        if (together[index] !== 'ok') assert.equal(together[index], value, key)
        else assert.deepEqual(await read(ref(key, more)), [value], key)
      }
      const good = texts.filter((_, index) => together[index] === 'ok')
      const values = Object.values(expected).filter((_, index) => together[index] === 'ok')
      assert.deepEqual(await read(...good), values)
    }
  }
}

test('the folder’s own secrets go before imports, and a later import before an earlier one', async (t) => {
  const data = inDev({
    '/app': {
      ...folderOf({ OWN: 'own', BOTH: 'own' }),
      imports: [
        { environment: 'dev', path: '/first' },
        { environment: 'dev', path: '/second' },
      ],
    },
    '/first': folderOf({ BOTH: 'first', FIRST: 'first', TWICE: 'first', '10': 'ten' }),
    '/second': {
      ...folderOf({ BOTH: 'second', TWICE: 'second', NEAR: 'second' }),
      imports: [{ environment: 'dev', path: '/third' }],
    },
    '/third': folderOf({ NEAR: 'third', DEEP: 'third', FIRST: 'third' }),
  })
  await everyWay(t, data, {
    OWN: 'own',
    BOTH: 'own',
    FIRST: 'third',
    TWICE: 'second',
    NEAR: 'second',
    DEEP: 'third',
    '10': 'ten',
  })
})

test('a shared and a personal secret of one name are two', async (t) => {
  const data = inDev({
    '/app': {
      secrets: [
        { key: 'PASSWORD', value: 'mine', type: 'personal' },
        { key: 'PASSWORD', value: 'ours' },
        { key: 'SHARED', value: 'ours' },
        { key: 'MINE', value: 'mine', type: 'personal' },
      ],
      imports: [{ environment: 'dev', path: '/other' }],
    },
    '/other': folderOf({ IMPORTED: 'imported' }),
  })
  const shared = { PASSWORD: 'ours', SHARED: 'ours', IMPORTED: 'imported', MINE: 'not_found' }
  await everyWay(t, data, shared)
  const personal = { PASSWORD: 'mine', MINE: 'mine', SHARED: 'not_found', IMPORTED: 'not_found' }
  await everyWay(t, data, personal, '&type=personal')
})

test('secrets of folders below are not those of the folder', async (t) => {
  const data = inDev({ '/app': folderOf({ A: 'a', B: 'b' }), '/app/db': folderOf({ C: 'c' }) })
  await everyWay(t, data, { A: 'a', B: 'b', C: 'not_found' })
})

test('what a value refers to is filled in by the server', async (t) => {
  const data = inDev({
    '/app': folderOf({ URL: 'postgres://u:${PASSWORD}@h', PASSWORD: 'p', PLAIN: '${NOWHERE} $x' }),
  })
  await everyWay(t, data, { URL: 'postgres://u:p@h', PASSWORD: 'p', PLAIN: '${NOWHERE} $x' })
})

test('an empty value is a value, alone and in a list', async (t) => {
  await everyWay(t, inDev({ '/app': folderOf({ A: '', B: '' }) }), { A: '', B: '' })
})

for (const hides of ['refuses', 'marks', 'masks'] as const) {
  test(`a value that the server ${hides} is denied, with the permission it takes, and never given`, async (t) => {
    const data = inDev({
      '/app': {
        secrets: [
          { key: 'HIDDEN', value: 'canary-9f2c-value', lacks: 'value' },
          { key: 'PART', value: 'postgres://u:${HIDDEN}@h' },
          { key: 'OPEN', value: 'open' },
        ],
      },
    })
    const { server, codes, messages } = await connected(t, data)
    server.knobs.hides = hides
    const texts = ['HIDDEN', 'PART', 'OPEN'].map((key) => ref(key))
    assert.deepEqual(await codes(...texts), ['denied', 'denied', 'ok'])
    for (const text of texts.slice(0, 2)) {
      assert.deepEqual(await codes(text), ['denied'])
      assert.match((await messages(text))[0] ?? '', /folder \/app of environment dev.*\(.*Read Value/)
    }
  })
}

test('defaults of the settings are where a reference without options is looked up', async (t) => {
  const prod = { '/app': folderOf({ A: 'a of prod' }), '/': folderOf({ A: 'a of the root' }) }
  const data: InfisicalData = { projects: [{ id: PROJECT, environments: { prod } }] }
  const { client, messages } = await connected(t, data)
  const settings = settingsOf(subject, {
    defaultEnvironment: 'prod',
    defaultProjectId: PROJECT,
    defaultPath: '/app/',
  })
  const texts = ['infisical:///A', 'infisical:///A?path=/']
  const refs = texts.map((text) => subject.def.parse(text, 'infisical', settings) ?? assert.fail())
  const outcomes = await client.fetch(refs, AbortSignal.timeout(5000))
  const values = [...outcomes.values()].map((outcome) =>
    outcome.ok ? new TextDecoder().decode(outcome.secret.value.reveal()) : outcome.error.code,
  )
  assert.deepEqual(values, ['a of prod', 'a of the root'])
  const [message] = await messages(`infisical:///B?env=prod&project_id=${PROJECT}&path=/app`)
  assert.match(
    message ?? '',
    / has no secret "B" in folder \/app of environment prod, project 3832\S+ \(did you mean A\?\)$/,
  )
})

test('* gives all secrets of the folder with its imports, by one request', async (t) => {
  const opened = await connected(
    t,
    inDev({
      '/app': { ...folderOf({ OWN: 'own', BOTH: 'own' }), imports: [{ environment: 'dev', path: '/first' }] },
      '/app/below': folderOf({ BELOW: 'x' }),
      '/first': folderOf({ BOTH: 'first', FIRST: 'first' }),
    }),
  )
  const all = parsed(subject, ref('*'))
  assert.deepEqual(await fieldsOf(opened, all), { OWN: 'own', BOTH: 'own', FIRST: 'first' })
  assert.equal(opened.asked().filter((request) => !request.startsWith('POST ')).length, 1)
})

test('* of a folder with a value that is hidden or refused is denied, and not read in part', async (t) => {
  for (const hides of ['refuses', 'masks'] as const) {
    const secrets = [
      { key: 'OPEN', value: 'open' },
      { key: 'SHUT', value: 'canary-9f2c-value', lacks: 'value' as const },
    ]
    const { codes, server } = await connected(t, inDev({ '/app': { secrets } }))
    Object.assign(server.knobs, { hides })
    assert.deepEqual(await codes(ref('*')), ['denied'], hides)
  }
})

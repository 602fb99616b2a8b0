import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderOf, inDev, PROJECT } from '../../fixtures/servers/infisical-data.ts'
import type { InfisicalData } from '../../fixtures/servers/infisical-data.ts'
import { connected, REST } from './infisical-server.ts'

const LOGIN = 'POST /api/v1/auth/universal-auth/login'
const KEYS = Array.from({ length: 20 }, (_, index) => `KEY_${index}`)
const TWENTY = KEYS.map((key) => `infisical:///${key}?${REST}&path=/app`)
const VALUES = KEYS.map((key) => `value of ${key}`)

function app(): InfisicalData {
  const values = Object.fromEntries(KEYS.map((key) => [key, `value of ${key}`]))
  return inDev({
    '/app': folderOf(values),
    '/app/db': folderOf({ KEY_0: 'of db', B: 'b' }),
    '/': folderOf({ ROOT: 'r' }),
  })
}

test('twenty secrets of one folder are one request, once logged in', async (t) => {
  const { read, asked } = await connected(t, app())
  assert.deepEqual(await read(...TWENTY), VALUES)
  assert.equal(asked().length, 2)
  assert.deepEqual(await read(...TWENTY), VALUES)
  assert.equal(asked().length, 1)
})

test('one secret is asked for by its name, several of a folder by their folder', async (t) => {
  const { read, asked } = await connected(t, app())
  const texts = [
    ...TWENTY.slice(0, 2),
    `infisical:///ROOT?${REST}`,
    `infisical:///KEY_0?${REST}&path=/app/db`,
    `infisical:///B?${REST}&path=/app/db`,
  ]
  assert.deepEqual(await read(...texts), ['value of KEY_0', 'value of KEY_1', 'r', 'of db', 'b'])
  const paths = asked().map((request) => request.replace(/\?.*secretPath=([^&]+).*/, ' $1'))
  assert.deepEqual(paths.toSorted(), [
    '/api/v4/secrets /app',
    '/api/v4/secrets /app/db',
    '/api/v4/secrets/ROOT /',
    LOGIN,
  ])
})

test('no option is left to a default of the server, in either spelling', async (t) => {
  const { read, codes, asked } = await connected(t, app())
  const where = { projectId: PROJECT, environment: 'dev', secretPath: '/app' }
  const how = {
    viewSecretValue: 'true',
    expandSecretReferences: 'true',
    include_imports: 'true',
    includeImports: 'true',
  }
  await read(...TWENTY.slice(0, 1))
  assert.deepEqual(queryOf(asked().at(-1)), { ...where, ...how, type: 'shared' })
  await read(...TWENTY.slice(0, 2))
  const listed = { ...where, ...how, recursive: 'false', includePersonalOverrides: 'false' }
  assert.deepEqual(queryOf(asked().at(-1)), listed)
  await codes(...TWENTY.slice(0, 2).map((text) => `${text}&type=personal`))
  const [personal] = asked()
  assert.deepEqual(queryOf(personal), { ...listed, includePersonalOverrides: 'true' })
})

test('fifty callers at once ask no more than one does', async (t) => {
  const { read, asked, server } = await connected(t, app())
  server.knobs.delayMs = 100
  const answers = await Promise.all(Array.from({ length: 50 }, () => read(...TWENTY)))
  for (const answer of answers) assert.deepEqual(answer, VALUES)
  assert.equal(asked().length, 2)
  await Promise.all(Array.from({ length: 50 }, () => read(TWENTY[0] ?? '')))
  assert.equal(asked().length, 1)
})

test('a caller that gives up takes nothing from the others', async (t) => {
  const { read, client, refsOf, server, asked } = await connected(t, app())
  server.knobs.delayMs = 200
  await read(...TWENTY)
  asked()
  const hurried = client.fetch(refsOf(TWENTY), AbortSignal.timeout(50))
  const patient = read(...TWENTY)
  for (const outcome of (await hurried).values())
    assert.equal(outcome.ok ? 'ok' : outcome.error.code, 'timeout')
  assert.deepEqual(await patient, VALUES)
  assert.equal(asked().length, 1)
})

test('one forbidden value does not affect others of its folder', async (t) => {
  const data = app()
  const { codes, asked } = await connected(t, data)
  const secrets = data.projects[0]?.environments['dev']?.['/app']?.secrets ?? assert.fail()
  const [first, second] = secrets
  assert.ok(first !== undefined && second !== undefined)
  first.lacks = 'value'
  second.lacks = 'description'
  assert.deepEqual(await codes(...TWENTY.slice(0, 4)), ['denied', 'denied', 'ok', 'ok'])
  assert.equal(asked().length, 1 + 1 + 4)
})

test('a secret that a list leaves out is asked for by name: it is missing or forbidden', async (t) => {
  const data = app()
  const { codes, asked } = await connected(t, data)
  const [, hidden] = data.projects[0]?.environments['dev']?.['/app']?.secrets ?? assert.fail()
  assert.ok(hidden !== undefined)
  hidden.lacks = 'description'
  const missing = `infisical:///GONE?${REST}&path=/app`
  assert.deepEqual(await codes(...TWENTY.slice(0, 2), missing), ['ok', 'denied', 'not_found'])
  assert.equal(asked().length, 1 + 1 + 2)
})

test('a folder that is not there is one request, however many references name it', async (t) => {
  const { codes, messages, asked } = await connected(t, app())
  const texts = ['A', 'B', 'C'].map((key) => `infisical:///${key}?${REST}&path=/gone`)
  assert.deepEqual(await codes(...texts), ['not_found', 'not_found', 'not_found'])
  assert.equal(asked().length, 2)
  const [message] = await messages(...texts)
  assert.match(message ?? '', / has no folder \/gone of environment dev, project 3832b656-/)
})

test('an older server is asked at its own address, and that is remembered', async (t) => {
  const { read, asked, server } = await connected(t, app())
  server.knobs.generation = 'v3'
  assert.deepEqual(await read(...TWENTY), VALUES)
  assert.deepEqual(asked().map(withoutQuery), [LOGIN, '/api/v4/secrets', '/api/v3/secrets/raw'])
  assert.deepEqual(await read(...TWENTY), VALUES)
  assert.deepEqual(await read(`infisical:///ROOT?${REST}`), ['r'])
  const [list, one] = asked()
  assert.deepEqual([list, one].map(withoutQuery), ['/api/v3/secrets/raw', '/api/v3/secrets/raw/ROOT'])
  assert.equal(queryOf(one)['workspaceId'], PROJECT)
  assert.equal(queryOf(list)['workspaceId'], PROJECT)
})

test('a missing secret does not make the server look like an older one', async (t) => {
  const { codes, asked } = await connected(t, app())
  assert.deepEqual(await codes(`infisical:///GONE?${REST}`), ['not_found'])
  const requests = asked()
  assert.deepEqual(requests.map(withoutQuery), [LOGIN, '/api/v4/secrets/GONE', '/api/v4/secrets'])
  assert.equal(queryOf(requests[2])['viewSecretValue'], 'false', 'the list is for the hint, without values')
})

function withoutQuery(request: string | undefined): string {
  return (request ?? '').replace(/\?.*/, '')
}

function queryOf(request: string | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams((request ?? '').replace(/^[^?]*\?/, '')))
}

import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GcpServer } from '../../fixtures/servers/gcp.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import type { ProviderDeps } from '../../../src/providers/define.ts'
import { formatError } from '../../../src/core/vocabulary/errors.ts'
import { gcpSm } from '../../../src/providers/gcp-sm/gcp-sm.ts'
import { settingsOf } from '../provider/provider-attempt.ts'
import { onGcp, subject } from './gcp-sm-server.ts'

const REF = 'gcp-sm://projects/my-project/secrets/db'

function stored(server: GcpServer): void {
  server.secrets.set('projects/my-project/secrets/db', [{ data: Buffer.from('value') }])
  server.knobs.refreshTokens.add('gcp-canary-refresh')
  server.knobs.subjectTokens.add('gcp-canary-subject')
}

const user = ({ url }: GcpServer) => ({
  type: 'authorized_user',
  client_id: 'id',
  client_secret: 'gcp-canary-client',
  refresh_token: 'gcp-canary-refresh',
  token_uri: `${url}/token`,
})
const federation = ({ url }: GcpServer, source: object, more: object = {}) => ({
  type: 'external_account',
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: `${url}/token`,
  credential_source: source,
  ...more,
})
const depsOf = (): ProviderDeps => ({
  clock: systemClock(),
  emit: () => undefined,
  files: openSourceFiles(),
  startWorker: () => assert.fail('no library is needed'),
  env: {},
  hiddenNames: new Set(),
})
const impersonation = ({ url }: GcpServer) => `${url}/v1/projects/-/serviceAccounts/app:generateAccessToken`

test('a key of a service account signs an assertion', async (t) => {
  const { read, server } = await onGcp(t)
  stored(server)
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(server.logins, ['key'])
})

test('the login of a person by gcloud, whose project is billed', async (t) => {
  const { read, server } = await onGcp(t, {
    credentials: (it) => ({ ...user(it), quota_project_id: 'billed' }),
  })
  stored(server)
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual([server.logins, server.quotaProjects], [['user'], ['billed']])
})

test('the file that gcloud leaves is found without a setting', async (t) => {
  const { read, server, home } = await onGcp(t, { credentials: 'none' })
  stored(server)
  await mkdir(join(home, '.config/gcloud'), { recursive: true })
  await writeFile(
    join(home, '.config/gcloud/application_default_credentials.json'),
    JSON.stringify(user(server)),
  )
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(server.logins, ['user'])
})

test('the metadata service of the machine, when there is no file', async (t) => {
  const { read, server } = await onGcp(t, { credentials: 'none' })
  stored(server)
  assert.deepEqual(await read(REF, `${REF}?version=1`), ['value', 'value'])
  assert.deepEqual(server.logins, ['metadata'])
})

test('workload identity federation: the token of a file or an address, as a service account', async (t) => {
  const inFile = await onGcp(t, {
    credentials: (it, home) =>
      federation(it, { file: join(home, 'token') }, { service_account_impersonation_url: impersonation(it) }),
  })
  stored(inFile.server)
  await writeFile(join(inFile.home, 'token'), 'gcp-canary-subject\n')
  assert.deepEqual(await inFile.read(REF), ['value'])
  assert.deepEqual(inFile.server.logins, ['workload', 'as app:generateAccessToken'])
  const format = { type: 'json', subject_token_field_name: 'access_token' }
  const atUrl = await onGcp(t, {
    credentials: (it) =>
      federation(it, {
        url: `${it.url}/computeMetadata/v1/t`,
        headers: { 'Metadata-Flavor': 'Google' },
        format,
      }),
  })
  stored(atUrl.server)
  // The address gives a token that the exchange does not know.
  assert.deepEqual(await atUrl.codes(REF), ['auth'])
  assert.deepEqual(atUrl.server.logins, ['metadata'])
})

test('a person or key takes on a service account', async (t) => {
  const { read, server } = await onGcp(t, {
    credentials: (it) => ({
      type: 'impersonated_service_account',
      service_account_impersonation_url: impersonation(it),
      source_credentials: user(it),
    }),
  })
  stored(server)
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(server.logins, ['user', 'as app:generateAccessToken'])
})

test('a file that driver options name cannot make locket read other files', async (t) => {
  const { server, home, backend, refsOf } = await onGcp(t)
  const path = join(home, 'own.json')
  await writeFile(path, JSON.stringify(federation(server, { file: '/etc/locket/tokens/other' })))
  const settings = {
    ...settingsOf(subject, backend.settings),
    credentials: { kind: 'file', path, except: ['/proc'] },
  }
  const client = await gcpSm.open(settings as never, depsOf(), 'gcp-sm')
  t.after(() => client[Symbol.asyncDispose]())
  const [outcome] = (await client.fetch(refsOf([REF]), AbortSignal.timeout(5000))).values()
  assert.ok(outcome?.ok === false)
  assert.match(formatError(outcome.error), /workload identity, which driver options cannot bring/)
})

test('a configuration that cannot be used is named with its reason', async (t) => {
  for (const [credentials, code, says] of [
    [
      (it: GcpServer) => federation(it, { executable: { command: 'x' } }),
      'config',
      /identity from a program, which/,
    ],
    [
      (it: GcpServer) => federation(it, { environment_id: 'aws1', url: `${it.url}/` }),
      'config',
      /identity from AWS/,
    ],
    [
      () => ({ type: 'service_account', client_email: 'gcp-canary-x' }),
      'auth',
      /not a configuration of credentials/,
    ],
    [() => 'gcp-canary-text', 'auth', /not a configuration of credentials/],
    [
      (it: GcpServer) => ({ ...JSON.parse(it.issue()), private_key: 'gcp-canary-PRIVATE' }),
      'auth',
      /private key of gcp-sm-credentials cannot be read/,
    ],
    [
      (it: GcpServer) => ({ ...user(it), refresh_token: 'gcp-canary-old' }),
      'auth',
      /\(invalid_grant, status 400\)/,
    ],
    [
      (_it: GcpServer, home: string) => federation(_it, { file: join(home, 'no') }),
      'credential_missing',
      /no such file/,
    ],
  ] as const) {
    const { messages, codes } = await onGcp(t, { credentials })
    assert.match((await messages(REF))[0] ?? '', says)
    assert.deepEqual(await codes(REF), [code])
  }
})

test('without credentials and metadata the error says what to set, and waiting may help', async (t) => {
  const { messages, codes } = await onGcp(t, {
    credentials: 'none',
    env: { GCE_METADATA_HOST: '127.0.0.1:9' },
  })
  assert.match(
    (await messages(REF))[0] ?? '',
    /finds no credentials for Google Cloud \(set gcp-sm-credentials/,
  )
  assert.deepEqual(await codes(REF), ['credential_missing'])
})

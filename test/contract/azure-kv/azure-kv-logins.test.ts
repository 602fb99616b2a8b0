import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { azureKv } from '../../../src/providers/azure-kv/azure-kv.ts'
import { CLIENT } from '../../fixtures/servers/azure.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { settingsOf } from '../provider/provider-attempt.ts'
import { FIRST, onAzure, subject } from './azure-kv-server.ts'

const REF = 'azure-kv://my-vault/db'
const SCOPE = 'https://vault.azure.net'

test('an application with a client secret asks for a token of the vaults', async (t) => {
  const { read, server } = await onAzure(t)
  assert.deepEqual(await read(REF, `${REF}?version=${FIRST}`), ['value', 'value'])
  assert.deepEqual(server.logins, [`secret ${SCOPE}/.default`])
})

test('a workload identity: its token is read from the file for each login', async (t) => {
  const path = join(await temporaryFolder(t), 'token')
  await writeFile(path, 'azure-canary-assertion\n')
  const { read, server } = await onAzure(t, () => ({ tokenFile: path }))
  server.knobs.assertions.add('azure-canary-assertion')
  assert.deepEqual(await read(REF), ['value'])
  server.expire()
  server.knobs.assertions.clear()
  server.knobs.assertions.add('azure-canary-next')
  await writeFile(path, 'azure-canary-next\n')
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(server.logins, [`assertion ${SCOPE}/.default`, `assertion ${SCOPE}/.default`])
})

test('a managed identity of App Service and of a machine, by its client id', async (t) => {
  const header = { IDENTITY_HEADER: 'azure-canary-header' }
  const app = await onAzure(
    t,
    () => ({}),
    ({ url }) => ({ ...header, IDENTITY_ENDPOINT: `${url}/msi/token` }),
  )
  assert.deepEqual(await app.read(REF), ['value'])
  assert.deepEqual(app.server.logins, [`app-service ${SCOPE} ${CLIENT}`])
  const machine = await onAzure(
    t,
    () => ({}),
    ({ url }) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url }),
  )
  assert.deepEqual(await machine.read(REF), ['value'])
  assert.deepEqual(machine.server.logins, [`machine ${SCOPE} ${CLIENT}`])
})

test('a machine without an identity is named, and outside of Azure the error says what to set', async (t) => {
  const header = { IDENTITY_HEADER: 'azure-canary-header' }
  const none = await onAzure(
    t,
    () => ({}),
    ({ url }) => ({ ...header, IDENTITY_ENDPOINT: `${url}/msi/token` }),
  )
  none.server.knobs.hasNoIdentity = true
  assert.match((await none.messages(REF))[0] ?? '', /has no managed identity for locket \(status 400\)/)
  const elsewhere = await onAzure(
    t,
    () => ({}),
    () => ({ ...header, IDENTITY_ENDPOINT: 'http://127.0.0.1:9/msi/token' }),
  )
  assert.match(
    (await elsewhere.messages(REF))[0] ?? '',
    /finds no managed identity of this machine \(set azure-tenant-id/,
  )
  assert.deepEqual(await elsewhere.codes(REF), ['credential_missing'])
})

test('a method names each setting that it lacks', () => {
  const check = (texts: Record<string, string>) => azureKv.check(settingsOf(subject, texts) as never)
  assert.deepEqual(check({}), [])
  assert.deepEqual(check({ clientSecret: 's', clientId: CLIENT }), [
    'azure-tenant-id (AZURE_TENANT_ID) is not set, and client-secret needs it',
  ])
  assert.deepEqual(check({ tokenFile: '/t', tenantId: 't' }), [
    'azure-client-id (AZURE_CLIENT_ID) is not set, and workload-identity needs it',
  ])
})

test('a refused application is named by what is wrong with it', async (t) => {
  const wrongTenant = await onAzure(t, () => ({ clientSecret: 'azure-canary-secret-one', tenantId: 'other' }))
  assert.match(
    (await wrongTenant.messages(REF))[0] ?? '',
    /does not accept the application \(invalid_request, status 400\)/,
  )
  const wrongSecret = await onAzure(t, () => ({ clientSecret: 'azure-canary-other' }))
  assert.match(
    (await wrongSecret.messages(REF))[0] ?? '',
    /client secret or token \(invalid_client, status 401\)/,
  )
})

test('values: fields, versions, a disabled secret, and a vault of another cloud', async (t) => {
  const { read, messages, server } = await onAzure(t)
  const second = '0'.repeat(31).concat('2')
  server.secrets.set('json', {
    versions: new Map([
      [FIRST, '{"a":"old"}'],
      [second, '{"a":"new"}'],
    ]),
  })
  server.secrets.set('off', { versions: new Map([[FIRST, 'x']]), isDisabled: true })
  const json = 'azure-kv://my-vault/json'
  assert.deepEqual(await read(`${json}?field=a`, `${json}?field=a&version=${FIRST}`, json), [
    'new',
    'old',
    '{"a":"new"}',
  ])
  assert.equal(server.requests.filter((request) => request.includes('/secrets/')).length, 2)
  const [off, cloud] = await messages('azure-kv://my-vault/off', 'azure-kv://my-vault.vault.azure.cn/db')
  assert.match(off ?? '', /does not give out secret off \(SecretDisabled, status 403\) \(it is disabled\)/)
  assert.match(cloud ?? '', /my-vault.vault.azure.cn is in another cloud than azure-authority-host/)
})

import type { TestContext } from 'node:test'
import { azureKv } from '../../../src/providers/azure-kv/azure-kv.ts'
import { CLIENT, startAzureServer, TENANT, type AzureServer } from '../../fixtures/servers/azure.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open, type Opened } from '../provider/provider-attempt.ts'
import {
  serviceKnobs,
  type Backend,
  type ProviderSubject,
  type SettingTexts,
} from '../provider/provider-backend.ts'

export const SECRET = 'azure-canary-secret-one'
const OTHER_SECRET = 'azure-canary-secret-two'
export const AZURE_CANARIES = ['azure-canary-']
export const FIRST = '0'.repeat(31).concat('1')
const NAME = 'azure-kv://my-vault/db'

export const subject: ProviderSubject = {
  def: azureKv,
  firstVersion: FIRST,
  start: startBackend,
  foreign: [
    'azure-kv:db',
    'azure://my-vault/db',
    ' azure-kv://my-vault/db',
    'https://my-vault.vault.azure.net/secrets/db',
  ],
  malformed: [
    'azure-kv://',
    'azure-kv:/my-vault/db',
    'azure-kv://db',
    'azure-kv:///db',
    'azure-kv://my-vault/',
    'azure-kv://my-vault/d_b',
    'azure-kv://my-vault/db/password',
    'azure-kv://my-vault/db#password',
    'azure-kv://evil.example.com/db',
    'azure-kv://my-vault.vault.azure.net.evil.com/db',
    'azure-kv://1vault/db',
    `${NAME}?version=1`,
    `${NAME}?version=${FIRST}0`,
    `${NAME}?verison=${FIRST}`,
    `${NAME}?field=`,
  ],
  spellings: [
    [NAME, 'AZURE-KV://My-Vault/DB', 'azure-kv://my-vault.vault.azure.net/d%62'],
    ['azure-kv://other-vault/db'],
    ['azure-kv://my-vault.vault.azure.cn/db'],
    [`${NAME}?version=${FIRST}`],
    [`${NAME}?field=a`],
    [`${NAME}?field=A`],
    [`${NAME}?field=*`],
    [`${NAME}?field=%2A`],
  ],
  required: [],
  textOnly: 'a secret is text',
  lacks: {},
}

async function startBackend(t: TestContext): Promise<Backend> {
  const server = await started(t, '/behind/a-proxy')
  const { knobs } = server
  knobs.clientSecrets.add(SECRET)
  const file = await credentialFile(t, 'secret', SECRET)
  const settings = { ...places(server), clientSecret: `file:${file.path}` }
  knobs.errorText = `${SECRET} ${OTHER_SECRET} canary-9f2c-value`
  return {
    settings,
    async put(name, value) {
      server.secrets.set(name, { versions: new Map([[FIRST, new TextDecoder().decode(value)]]) })
      return `azure-kv://my-vault/${name}`
    },
    async putAll(values) {
      server.secrets.set('all', { versions: new Map([[FIRST, JSON.stringify(values)]]) })
      return 'azure-kv://my-vault/all?field=*'
    },
    missing: 'azure-kv://my-vault/nothing',
    canaries: AZURE_CANARIES,
    knobs: {
      async badCredential() {
        return { ...settings, clientSecret: 'azure-canary-secret-unknown' }
      },
      async lateCredential() {
        const late = file.late(SECRET)
        return { settings: { ...settings, clientSecret: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        knobs.clientSecrets.clear()
        knobs.clientSecrets.add(OTHER_SECRET)
        server.expire()
        await file.swap(OTHER_SECRET)
      },
      async forbid(reference) {
        knobs.forbidden.add(reference.split('/').at(-1) ?? '')
      },
      expire: () => server.expire(),
      ...serviceKnobs(server, (request) => request.startsWith('POST ')),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
}

function places(server: AzureServer): SettingTexts {
  return { url: `${server.url}/`, authority: server.url, tenantId: TENANT, clientId: CLIENT }
}

async function started(t: TestContext, prefix = ''): Promise<AzureServer> {
  const server = await startAzureServer({ prefix })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

/** A server with one secret `db`, and an open client with these settings over those of an application. */
export async function onAzure(
  t: TestContext,
  settings: (server: AzureServer) => SettingTexts = () => ({ clientSecret: SECRET }),
  env: (server: AzureServer) => Record<string, string> = () => ({}),
): Promise<Opened & Asking & { readonly server: AzureServer }> {
  const server = await started(t)
  server.knobs.clientSecrets.add(SECRET)
  server.secrets.set('db', { versions: new Map([[FIRST, 'value']]) })
  const opened = await open(subject, {
    settings: { ...places(server), ...settings(server) },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: AZURE_CANARIES,
    knobs: {},
    deps: { env: env(server) },
  })
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, ...asking(subject, opened), server }
}

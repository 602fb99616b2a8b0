import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { gcpSm } from '../../../src/providers/gcp-sm/gcp-sm.ts'
import { startGcpServer, type GcpServer } from '../../fixtures/servers/gcp.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open, type Opened } from '../provider/provider-attempt.ts'
import {
  serviceKnobs,
  type Backend,
  type ProviderSubject,
  type SettingTexts,
} from '../provider/provider-backend.ts'

export const GCP_CANARIES = ['gcp-canary-', 'PRIVATE KEY']
const NAME = 'gcp-sm://projects/my-project/secrets/db'

export const subject: ProviderSubject = {
  def: gcpSm,
  firstVersion: '1',
  start: async (t) => (await startBackend(t)).backend,
  foreign: ['gcp-sm:db', 'gcp://projects/p/secrets/s', ' gcp-sm://db', 'projects/p/secrets/s'],
  malformed: [
    'gcp-sm://',
    'gcp-sm:/db',
    'gcp-sm://db',
    'gcp-sm://db/password?project=my-project',
    'gcp-sm://my db?project=my-project',
    'gcp-sm://projects/my-project/secrets/',
    'gcp-sm://projects/my-project/secrets/db/versions/',
    'gcp-sm://projects/my-project/secrets/db/versions/0',
    'gcp-sm://projects/my-project/secrets/d.b',
    'gcp-sm://projects/../secrets/db',
    'gcp-sm://projects/my-project/locations/evil.com/secrets/db',
    `${NAME}?project=other-project`,
    `${NAME}/versions/1?version=1`,
    `${NAME}?version=1.5`,
    `${NAME}?verison=1`,
    `${NAME}?field=`,
    `${NAME}#password`,
  ],
  spellings: [
    [
      NAME,
      'GCP-SM://projects/my-project/secrets/db',
      `${NAME}/versions/latest`,
      `${NAME}?version=latest`,
      'gcp-sm://db?project=my-project',
      'gcp-sm://d%62?project=my-project',
    ],
    [`${NAME}/versions/7`, 'gcp-sm://db?version=7&project=my-project'],
    [`${NAME}?version=live`],
    [`${NAME}?field=password`],
    [`${NAME}?field=*`],
    [`${NAME}?field=%2A`],
    ['gcp-sm://projects/123/secrets/db'],
    ['gcp-sm://projects/my-project/secrets/DB'],
    [
      'gcp-sm://projects/my-project/locations/europe-west3/secrets/db',
      'gcp-sm://db?project=my-project&location=europe-west3',
    ],
  ],
  required: [],
  lacks: {},
}

/** A server behind a prefix, a key in a file behind a link, and the knobs of the contract. */
async function startBackend(t: TestContext): Promise<{ server: GcpServer; backend: Backend }> {
  const server = await started(t, '/behind/a-proxy')
  const { knobs } = server
  const file = await credentialFile(t, 'key', server.issue())
  const settings = { url: `${server.url}/`, credentials: file.path }
  knobs.errorText = `${GCP_CANARIES.join(' ')} canary-9f2c-value`
  const put = (name: string, data: Buffer) =>
    server.secrets.set(`projects/my-project/secrets/${name}`, [{ data }])
  const backend: Backend = {
    settings,
    async put(name, value) {
      put(name, Buffer.from(value))
      return `gcp-sm://projects/my-project/secrets/${name}`
    },
    async putAll(values) {
      put('all', Buffer.from(JSON.stringify(values)))
      return 'gcp-sm://projects/my-project/secrets/all?field=*'
    },
    missing: 'gcp-sm://projects/my-project/secrets/nothing',
    canaries: GCP_CANARIES,
    knobs: {
      async badCredential() {
        const path = join(file.folder, 'bad')
        await writeFile(path, server.issue())
        const { private_key_id: id } = JSON.parse(await readFile(path, 'utf8'))
        knobs.keys.delete(id)
        return { ...settings, credentials: path }
      },
      async lateCredential() {
        const late = file.late(server.issue())
        return { settings: { ...settings, credentials: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        knobs.keys.clear()
        server.expire()
        await file.swap(server.issue())
      },
      async forbid(reference) {
        knobs.forbidden.add(reference.slice('gcp-sm://'.length))
      },
      expire: () => server.expire(),
      ...serviceKnobs(server, (request) => request.startsWith('POST ')),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
  return { server, backend }
}

async function started(t: TestContext, prefix = ''): Promise<GcpServer> {
  const server = await startGcpServer({ prefix })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

/** A server, a home, and an open client. Without `credentials` its key is the one of the server. */
export async function onGcp(
  t: TestContext,
  {
    credentials,
    env = {},
    settings = {},
  }: {
    /** The file of credentials; `none`: there is no such file. */
    readonly credentials?: ((server: GcpServer, home: string) => unknown) | 'none'
    readonly env?: Record<string, string>
    readonly settings?: SettingTexts
  } = {},
): Promise<Opened & Asking & { readonly server: GcpServer; readonly home: string }> {
  const server = await started(t)
  const home = await temporaryFolder(t)
  const path = join(home, 'credentials.json')
  const content =
    typeof credentials === 'function' ? JSON.stringify(credentials(server, home)) : server.issue()
  await writeFile(path, content)
  const opened = await open(subject, {
    settings: { url: server.url, ...(credentials === 'none' ? {} : { credentials: path }), ...settings },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: GCP_CANARIES,
    knobs: {},
    deps: { env: { HOME: home, GCE_METADATA_HOST: new URL(server.url).host, ...env } },
  })
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, ...asking(subject, opened), server, home }
}

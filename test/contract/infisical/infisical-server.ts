import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { infisical } from '../../../src/providers/infisical/infisical.ts'
import { startInfisicalServer } from '../../fixtures/servers/infisical.ts'
import type { InfisicalServer } from '../../fixtures/servers/infisical.ts'
import { inDev, PROJECT } from '../../fixtures/servers/infisical-data.ts'
import type { InfisicalData, InfisicalFolder } from '../../fixtures/servers/infisical-data.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open } from '../provider/provider-attempt.ts'
import type { Opened } from '../provider/provider-attempt.ts'
import { serviceKnobs } from '../provider/provider-backend.ts'
import type { Backend, ProviderSubject, SettingTexts } from '../provider/provider-backend.ts'

export const CLIENT_ID = '0a1b2c3d-0000-4000-8000-00000000c11e'
export const CLIENT_SECRET = 'infisical-canary-secret-one'
export const OTHER_SECRET = 'infisical-canary-secret-"two\\'
const TOKEN_TEXT = 'infisical-canary-token-eyJhbGciOiJIUzI1NiJ9'
export const CANARIES = [CLIENT_SECRET, OTHER_SECRET, TOKEN_TEXT]

/** The complete rest of a reference. */
export const REST = `env=dev&project_id=${PROJECT}`

const ID = PROJECT
const OTHER_ID = 'ffffffff-a93b-45ad-bdfa-b267016802c3'

export const subject: ProviderSubject = {
  def: infisical,
  firstVersion: '1',
  start: async (t) => (await startBackend(t)).backend,
  foreign: ['infisical:KEY', 'infisicals:///KEY', ' infisical:///KEY', 'bao://mount/path/field'],
  malformed: [
    'infisical://',
    'infisical:///',
    'infisical:/KEY',
    'infisical://KEY',
    `infisical://KEY?${REST}`,
    `infisical:////KEY?${REST}`,
    `infisical:/// ?${REST}`,
    `infisical:///?${REST}`,
    `infisical:///a/KEY?${REST}`,
    `infisical:///a%2FKEY?${REST}`,
    `infisical:///a:b?${REST}`,
    `infisical:///a%3Fb?${REST}`,
    `infisical:///a\u0007b?${REST}`,
    `infisical:///a%0Ab?${REST}`,
    `infisical:///a%zz?${REST}`,
    `infisical:///..?${REST}`,
    `infisical:///%2E?${REST}`,
    `infisical:///KEY?${REST}&`,
    `infisical:///KEY?${REST}&x=y`,
    `infisical:///KEY?${REST}&ENV=dev`,
    `infisical:///KEY?${REST}&env=dev`,
    `infisical:///KEY?${REST}&path`,
    `infisical:///KEY?${REST}&path=`,
    `infisical:///KEY?${REST}&path=/a=b`,
    `infisical:///KEY?${REST}&path=a`,
    `infisical:///KEY?${REST}&path=//a`,
    `infisical:///KEY?${REST}&path=/a/../b`,
    `infisical:///KEY?${REST}&path=/a%20b`,
    `infisical:///KEY?${REST}&path=%2`,
    `infisical:///KEY?${REST}&type=Shared`,
    `infisical:///KEY?${REST}&type=any`,
    `infisical:///KEY?env=de%20v&project_id=${ID}`,
    'infisical:///KEY?env=dev&project_id=my-project',
    'infisical:///KEY?env=dev',
    `infisical:///KEY?project_id=${ID}`,
    'infisical:///KEY',
  ],
  spellings: [
    [
      `infisical:///KEY?env=dev&project_id=${ID}`,
      `infisical:///KEY?project_id=${ID}&env=dev`,
      `INFISICAL:///K%45Y?env=d%65v&project_id=${ID.toUpperCase()}`,
      `infisical:///KEY?env=dev&project_id=${ID}&path=/&type=shared`,
      `infisical:///KEY?env=dev&project_id=${ID}&path=%2F`,
      `infisical:///%20KEY%20?env=dev&project_id=${ID}`,
    ],
    [`infisical:///*?env=dev&project_id=${ID}`],
    [`infisical:///%2A?env=dev&project_id=${ID}`],
    [`infisical:///key?env=dev&project_id=${ID}`],
    [`infisical:///KEY?env=Dev&project_id=${ID}`],
    [`infisical:///KEY?env=dev&project_id=${OTHER_ID}`],
    ['infisical:///KEY?env=dev&project_id=0123456789abcdef01234567'],
    [`infisical:///KEY?env=dev&project_id=${ID}&type=personal`],
    [
      `infisical:///KEY?env=dev&project_id=${ID}&path=/a/b`,
      `infisical:///KEY?env=dev&project_id=${ID}&path=/a/b/`,
      `infisical:///KEY?env=dev&project_id=${ID}&path=%2Fa%2Fb`,
    ],
    [`infisical:///KEY?env=dev&project_id=${ID}&path=/A/b`],
    [
      `infisical:///50%25%23&é?env=dev&project_id=${ID}`,
      `infisical:///50%25#&%C3%A9?env=dev&project_id=${ID}`,
    ],
    [`infisical:///...?env=dev&project_id=${ID}`],
  ],
  required: ['infisical-client-id', 'infisical-client-secret'],
  textOnly: 'values travel as JSON text',
  lacks: {},
}

/**
 * A server behind a prefix, its secrets two to a folder, a secret file behind a link, and the knobs of the
 * contract.
 */
export async function startBackend(t: TestContext): Promise<{ server: InfisicalServer; backend: Backend }> {
  const folders: Record<string, InfisicalFolder> = {}
  const server = await started(t, inDev(folders), '/behind/a-proxy')
  const file = await credentialFile(t, 'secret', CLIENT_SECRET)
  const id = join(file.folder, 'id')
  await writeFile(id, `${CLIENT_ID}\n`)
  const settings = { url: `${server.url}/`, clientId: `file:${id}`, clientSecret: `file:${file.path}` }
  const { knobs } = server
  knobs.errorText = `${CANARIES.join(' ')} canary-9f2c-value`
  let stored = 0
  const backend: Backend = {
    settings,
    async put(name, value) {
      const path = `/contract/f${stored >> 1}`
      stored += 1
      folders[path] ??= { secrets: [] }
      folders[path].secrets.push({ key: name, value: new TextDecoder().decode(value) })
      return `infisical:///${name}?${REST}&path=${path}`
    },
    async putAll(values) {
      const secrets = Object.entries(values).map(([key, value]) => ({ key, value }))
      folders['/contract/all'] = { secrets }
      return `infisical:///*?${REST}&path=/contract/all`
    },
    missing: `infisical:///NOTHING?${REST}&path=/contract/f0`,
    canaries: CANARIES,
    knobs: {
      async badCredential() {
        return { ...settings, clientSecret: 'infisical-canary-secret-unknown' }
      },
      async lateCredential() {
        const late = file.late(CLIENT_SECRET)
        return { settings: { ...settings, clientSecret: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        knobs.clientSecrets.clear()
        knobs.clientSecrets.set(OTHER_SECRET, 'good')
        server.expire()
        await file.swap(OTHER_SECRET)
      },
      async forbid(reference) {
        const name = /\/\/\/(\w+)/.exec(reference)?.[1]
        for (const { secrets } of Object.values(folders))
          for (const entry of secrets) if (entry.key === name) entry.lacks = 'description'
      },
      expire: () => server.expire(),
      ...serviceKnobs(server, (request) => request.startsWith('POST ')),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
  return { server, backend }
}

/** A server with this data, and an open client on it. `settings` go over the usual ones. */
export async function connected(
  t: TestContext,
  data: InfisicalData,
  settings: SettingTexts = {},
): Promise<
  Opened &
    Asking & {
      readonly server: InfisicalServer
      /** Requests since the last look. */
      readonly asked: () => readonly string[]
    }
> {
  const server = await started(t, data)
  const backend: Backend = {
    settings: { url: server.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, ...settings },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: CANARIES,
    knobs: {},
  }
  const opened = await open(subject, backend)
  t.after(() => opened.client[Symbol.asyncDispose]())
  let seen = 0
  return {
    ...opened,
    ...asking(subject, opened),
    server,
    asked() {
      const since = server.requests.slice(seen)
      seen = server.requests.length
      return since
    },
  }
}

async function started(t: TestContext, data: InfisicalData, prefix = ''): Promise<InfisicalServer> {
  const server = await startInfisicalServer({
    data,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    tokenText: TOKEN_TEXT,
    prefix,
  })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

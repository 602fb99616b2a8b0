import type { TestContext } from 'node:test'
import { opConnect } from '../../../src/providers/op-connect/op-connect.ts'
import { startConnectServer } from '../../fixtures/servers/connect.ts'
import type { ConnectServer } from '../../fixtures/servers/connect.ts'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import type { ConnectData, ConnectItem } from '../../fixtures/servers/connect-data.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open } from '../provider/provider-attempt.ts'
import type { Opened } from '../provider/provider-attempt.ts'
import { serviceKnobs } from '../provider/provider-backend.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

export const TOKEN = 'connect-canary-token-eyJhbGciOiJFUzI1NiJ9.one'
const OTHER_TOKEN = 'connect-canary-token-eyJhbGciOiJFUzI1NiJ9.two'
export const VAULT = 'Contract Vault'

export const subject: ProviderSubject = {
  def: opConnect,
  firstVersion: '1',
  start: async (t) => (await startBackend(t)).backend,
  foreign: ['op:vault', 'ops://vault/item/field', 'bao://mount/path/field', ' op://a/b/c'],
  malformed: [
    'op:/vault/item/field',
    'op://',
    'op://vault',
    'op://vault/item',
    'op://vault/item/section/field/more',
    'op://vault//field',
    'op:///item/field',
    'op://vault/item/',
    'op://vault/ /field',
    'op://vault/item/fi\u0007eld',
    'op://vault/item/fi%0Aeld',
    'op://vault/item/100%',
    'op://vault/item/field?',
    'op://vault/item/field?attribute',
    'op://vault/item/field?attribute=',
    'op://vault/item/field?attribute=colour',
    'op://vault/item/field?ssh-format=pem',
    'op://vault/item/field?x=y',
    'op://vault/item/field?attribute=otp&ssh-format=openssh',
    'op://vault/item/*?attribute=otp',
    'op://vault/item/*?ssh-format=openssh',
  ],
  spellings: [
    ['op://My Vault/item/field', 'op://My%20Vault/item/field', 'OP://My Vault/it%65m/field'],
    ['op://my vault/item/field'],
    ['op://My Vault/item/field/field'],
    ['op://My Vault/item/a%2Fb'],
    ['op://My Vault/item/a/b'],
    ['op://My Vault/item/field?attribute=otp', 'op://My Vault/item/field?attribute=totp'],
    ['op://My Vault/item/field?attribute=title'],
    ['op://My Vault/item/field?ssh-format=openssh'],
    ['op://My Vault/item/field%3Fattribute=otp'],
    ['op://My Vault/item/50%25'],
    ['op://My Vault/item/*'],
    ['op://My Vault/item/%2A', 'op://My Vault/item/%2a'],
    ['op://My Vault/item/section/*'],
    ['op://My Vault/../field', 'op://My Vault/%2E%2E/field'],
  ],
  required: ['connect-host', 'connect-token'],
  lacks: { expire: 'the credential is the token itself' },
}

/** A Connect server with one vault, a token file behind a link, and the knobs of the contract. */
export async function startBackend(t: TestContext): Promise<{ server: ConnectServer; backend: Backend }> {
  const items: ConnectItem[] = []
  const server = await startConnectServer({
    data: { vaults: [{ id: idOf(1), name: VAULT, items }] },
    token: TOKEN,
    prefix: '/behind/a-proxy',
  })
  t.after(() => server[Symbol.asyncDispose]())
  const file = await credentialFile(t, 'token', TOKEN)
  const settings = { host: `${server.url}/`, token: `file:${file.path}` }
  const { knobs } = server
  knobs.errorText = `${TOKEN} ${OTHER_TOKEN} canary-9f2c-value`
  const backend: Backend = {
    settings,
    async put(name, value) {
      const item = itemFor(name, value, idOf(100 + items.length))
      items.push(item)
      return `op://${VAULT}/${item.title}/${name}`
    },
    async putAll(values) {
      const fields = Object.entries(values).map(([label, value], at) => ({ id: `f${at}`, label, value }))
      items.push({ id: idOf(100 + items.length), title: 'all fields', fields })
      return `op://${VAULT}/all fields/*`
    },
    missing: `op://${VAULT}/nothing of that title/password`,
    canaries: [TOKEN, OTHER_TOKEN],
    knobs: {
      async badCredential() {
        return { ...settings, token: 'connect-canary-token-unknown' }
      },
      async lateCredential() {
        const late = file.late(TOKEN)
        return { settings: { ...settings, token: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        knobs.tokens.clear()
        knobs.tokens.add(OTHER_TOKEN)
        await file.swap(OTHER_TOKEN)
      },
      async forbid(reference) {
        const title = reference.split('/')[3]
        const id = items.find((item) => item.title === title)?.id
        if (id !== undefined) knobs.forbidden.add(id)
      },
      ...serviceKnobs(server),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
  return { server, backend }
}

/** A server with this data, and an open client on it. */
export async function connected(
  t: TestContext,
  data: ConnectData,
  hostEnd = '',
): Promise<Opened & Asking & { readonly server: ConnectServer }> {
  const server = await startConnectServer({ data, token: TOKEN })
  const backend: Backend = {
    settings: { host: server.url + hostEnd, token: TOKEN },
    put: () => Promise.reject(new Error('the data is given')),
    missing: 'op://a/b/c',
    canaries: [TOKEN],
    knobs: {},
  }
  const opened = await open(subject, backend)
  t.after(async () => {
    await opened.client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  return { ...opened, ...asking(subject, opened, ({ message }) => message), server }
}

/** A text is a field, and an empty one has no `value`; other values are files. */
function itemFor(name: string, value: Uint8Array, id: string): ConnectItem {
  const title = `contract ${name}`
  const bytes = Buffer.from(value)
  const text = bytes.toString()
  if (!Buffer.from(text).equals(bytes)) {
    return { id, title, files: [{ id: idOf(9), name, content: bytes.toString('base64') }] }
  }
  return { id, title, fields: [{ id: 'f1', label: name, ...(text === '' ? {} : { value: text }) }] }
}

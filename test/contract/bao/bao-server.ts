import type { TestContext } from 'node:test'
import { bao } from '../../../src/providers/bao/bao.ts'
import { appRole, startBaoServer } from '../../fixtures/servers/bao.ts'
import type { BaoLogin, BaoServer } from '../../fixtures/servers/bao.ts'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import type { BaoMount, BaoToken } from '../../fixtures/servers/bao-data.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open } from '../provider/provider-attempt.ts'
import type { Opened } from '../provider/provider-attempt.ts'
import { serviceKnobs } from '../provider/provider-backend.ts'
import type { Backend, ProviderSubject, SettingTexts } from '../provider/provider-backend.ts'

export const ROLE_ID = 'bao-canary-role-0d2f'
export const SECRET_ID = 'bao-canary-secret-one'
const OTHER_SECRET_ID = 'bao-canary-secret-two'
const CANARIES = [ROLE_ID, SECRET_ID, OTHER_SECRET_ID, 's.bao-canary-token']

export const subject: ProviderSubject = {
  def: bao,
  firstVersion: '1',
  start: startBackend,
  textOnly: 'KV engines keep JSON',
  foreign: [
    'bao:mount/path/field',
    'vault:secret/data/app#password',
    'baos://mount/path/field',
    'op://vault/item/field',
    ' bao://a/b/c',
  ],
  malformed: [
    'bao:/mount/path/field',
    'bao:///mount/path/field',
    'vault:/mount/path/field',
    'bao://',
    'bao://mount',
    'bao://mount/field',
    'bao://mount//field',
    'bao:///path/field',
    'bao://mount/path/',
    'bao://mount/ /field',
    'bao://mount/../field',
    'bao://mount/%2E%2e/field',
    'bao://./path/field',
    'bao://mount/path/..',
    'bao://mount/path./field',
    'bao://mount/a/b%2Fpath./field',
    'bao://mount%2F/path/field',
    'bao://mount/a%2F%2Fb/field',
    'bao://mount/pa\u0007th/field',
    'bao://mount/path/fi%0Aeld',
    'bao://mount/path/100%',
    'bao://mount/path/field#x',
    'bao://mount/path/field?',
    'bao://mount/path/field?version',
    'bao://mount/path/field?version=0',
    'bao://mount/path/field?version=latest',
    'bao://mount/path/field?version=01',
    'bao://mount/path/field?version=1&version=2',
    'bao://mount/path/field?version=1=2',
    'bao://mount/path/field?kv=3',
    'bao://mount/path/field?kv=1&version=2',
    'bao://mount/path/field?verison=1',
    'bao://mount/path/field?version=1&',
    'bao://mount/path/why?/field',
  ],
  spellings: [
    [
      'bao://mount/path/field',
      'vault://mount/path/field',
      'BAO://mount/path/field',
      'Vault://mo%75nt/p%61th/field',
    ],
    ['bao://Mount/path/field'],
    ['bao://mount/path/Field'],
    ['bao://mount/a/b/field', 'bao://mount/a%2Fb/field', 'vault://mount/a%2fb/field'],
    ['bao://mount%2Fa/b/field'],
    ['bao://mount/a/b%2Ffield'],
    ['bao://mount/path/field?version=3', 'bao://mount/path/field?version=3&kv=2'],
    ['bao://mount/path/*', 'vault://mount/path/*'],
    ['bao://mount/path/%2A'],
    ['bao://mount/path/*?version=3', 'bao://mount/path/*?version=3&kv=2'],
    ['bao://mount/path/field?kv=2'],
    ['bao://mount/path/field?kv=1'],
    ['bao://mount/path/field%3Fkv=1'],
    ['bao://mount/path/field%23'],
    ['bao://mount/50%25/my field', 'bao://mount/50%25/my%20field'],
    ['bao://mount/.../x/field', 'bao://mount/%2E../x/field'],
  ],
  required: ['bao-url', 'bao-role-id', 'bao-secret-id'],
  lacks: {},
}

async function startBackend(t: TestContext): Promise<Backend> {
  const secretIds = new Set([SECRET_ID])
  const mount = mountOf('secret', 2)
  const server = await startBaoServer({
    data: { mounts: [mount] },
    logins: [appRole({ roleId: ROLE_ID, secretIds })],
    prefix: '/behind/a-proxy',
  })
  t.after(() => server[Symbol.asyncDispose]())
  const file = await credentialFile(t, 'secret-id', SECRET_ID)
  const settings = { url: `${server.url}/`, roleId: ROLE_ID, secretId: `file:${file.path}` }
  const { knobs } = server
  knobs.errorText = `${CANARIES.join(' ')} canary-9f2c-value`
  return {
    settings,
    async put(name, value) {
      const json = JSON.stringify({ value: Buffer.from(value).toString(), other: 'canary-9f2c-value' })
      mount.secrets.set(`contract/${name}`, [{ json }])
      return `bao://secret/contract/${name}/value`
    },
    async putAll(values) {
      mount.secrets.set('contract/all', [{ json: JSON.stringify(values) }])
      return 'bao://secret/contract/all/*'
    },
    missing: 'bao://secret/nothing/of/that/name',
    canaries: CANARIES,
    knobs: {
      async badCredential() {
        return { ...settings, secretId: 'bao-canary-secret-unknown' }
      },
      async lateCredential() {
        const late = file.late(SECRET_ID)
        return { settings: { ...settings, secretId: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        secretIds.clear()
        secretIds.add(OTHER_SECRET_ID)
        knobs.tokens.clear()
        await file.swap(OTHER_SECRET_ID)
      },
      async forbid(reference) {
        knobs.forbidden.add(reference.split('/').slice(2, -1).join('/'))
      },
      expire: () => knobs.tokens.clear(),
      ...serviceKnobs(server, isLogin),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
}

export function isLogin(request: string): boolean {
  return request.startsWith('POST ') && request.endsWith('/login')
}

/** A server with these mounts, and an open client on it: by AppRole, unless `settings` say otherwise. */
export async function onBao(
  t: TestContext,
  options: {
    readonly mounts: readonly BaoMount[]
    readonly logins?: readonly BaoLogin[]
    readonly tokens?: Readonly<Record<string, Partial<BaoToken>>>
    readonly settings?: SettingTexts
  },
): Promise<
  Opened &
    Asking & {
      readonly server: BaoServer
      readonly logins: () => number
      /** The requests since the last call, without logins. */
      readonly asked: () => readonly string[]
    }
> {
  const { mounts, tokens = {}, logins = [] } = options
  const server = await startBaoServer({
    data: { mounts: [...mounts] },
    tokens,
    logins: [appRole({ roleId: ROLE_ID, secretIds: new Set([SECRET_ID]) }), ...logins],
  })
  const own = options.settings ?? { roleId: ROLE_ID, secretId: SECRET_ID }
  const backend: Backend = {
    settings: { url: server.url, ...own },
    put: () => Promise.reject(new Error('the data is given')),
    missing: 'bao://a/b/c',
    canaries: [...CANARIES, ...Object.keys(tokens)],
    knobs: {},
  }
  const opened = await open(subject, backend)
  t.after(async () => {
    await opened.client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  let seen = 0
  return {
    ...opened,
    ...asking(subject, opened),
    server,
    logins: () => server.requests.filter(isLogin).length,
    asked() {
      const all = server.requests.filter((request) => !isLogin(request))
      const fresh = all.slice(seen)
      seen = all.length
      return fresh
    },
  }
}

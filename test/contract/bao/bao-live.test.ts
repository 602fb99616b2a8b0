import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { json, startService } from '../../fixtures/servers/http-fixture.ts'
import type { ServiceAnswer } from '../../fixtures/servers/http-fixture.ts'
import { ask, DEV_PROGRAM, startDevServer, textAt } from './bao-dev-server.ts'
import { isLogin, subject } from './bao-server.ts'
import { serviceKnobs } from '../provider/provider-backend.ts'
import type { Backend } from '../provider/provider-backend.ts'
import { providerContract } from '../provider/provider-contract.ts'

const POLICY = `
path "secret/data/*" { capabilities = ["read"] }
`
if (DEV_PROGRAM === undefined) {
  test('no live server was met', (t) => {
    t.diagnostic('neither bao nor vault is on the PATH: the contract ran against the fixture alone')
  })
} else {
  liveContract(DEV_PROGRAM)
}

/**
 * The contract on a server in development mode, all of it in memory: KV version 2 at `secret/`, an AppRole, a
 * policy.
 */
function liveContract(name: string): void {
  let address = ''
  const stopping = new AbortController()

  describe(`${name} server -dev`, () => {
    before(async () => {
      ;({ address } = await startDevServer(name, stopping.signal))
      await ask(address, 'PUT', 'sys/policies/acl/locket', { policy: POLICY })
      await ask(address, 'POST', 'sys/auth/approle', { type: 'approle' })
      await ask(address, 'POST', 'auth/approle/role/locket', { token_policies: 'locket', token_ttl: '10m' })
    })
    after(() => stopping.abort())
    providerContract({ ...subject, start: (t) => startBackend(t, address) })
  })
}

/** Clients reach it through a service that passes everything on: that one can count, and fail. */
async function startBackend(t: TestContext, address: string): Promise<Backend> {
  const place = `contract/${randomUUID()}`
  const seen = new Set<string>()
  const dead = new Set<string>()
  const service = await startService({
    failure: (status, message) => json(status, { errors: [message] }),
    answer(request, url, body) {
      const headers = new Headers({ 'x-vault-request': String(request.headers['x-vault-request']) })
      const token = request.headers['x-vault-token']
      if (typeof token === 'string') {
        seen.add(token)
        // The server answers the same for an expired token and for a text that is not a token.
        headers.set('x-vault-token', dead.has(token) ? `${token}x` : token)
      }
      return passOn(`${address}${url.pathname}${url.search}`, request.method ?? 'GET', headers, body)
    },
  })
  t.after(() => service[Symbol.asyncDispose]())
  const roleId = textAt(await ask(address, 'GET', 'auth/approle/role/locket/role-id'), 'role_id')
  const first = await newSecretId(address)
  service.knobs.errorText = `${first} canary-9f2c-value`
  const folder = await temporaryFolder(t)
  const path = join(folder, 'secret-id')
  await writeFile(path, `${first}\n`)
  const settings = { url: service.url, roleId, secretId: `file:${path}` }
  return {
    settings,
    async put(name, value) {
      await ask(address, 'POST', `secret/data/${place}/${name}`, {
        data: { value: Buffer.from(value).toString() },
      })
      return `bao://secret/${place}/${name}/value`
    },
    async putAll(values) {
      const path = `secret/data/${place}/all`
      await ask(address, 'POST', path, { data: {} })
      // OpenBao 2.7 refuses a request with more texts than some 1000.
      for (let at = 0; at < Object.keys(values).length; at += 400)
        await ask(address, 'PATCH', path, {
          data: Object.fromEntries(Object.entries(values).slice(at, at + 400)),
        })
      return `bao://secret/${place}/all/*`
    },
    missing: 'bao://secret/nothing/of/that/name',
    canaries: [first],
    knobs: {
      badCredential: async () => ({ ...settings, secretId: 'no-such-secret-id' }),
      async lateCredential() {
        const late = join(folder, 'late', 'secret-id')
        const provide = async () => {
          await mkdir(join(folder, 'late'))
          await writeFile(late, first)
        }
        return { settings: { ...settings, secretId: `file:${late}` }, path: late, provide }
      },
      async rotateCredential() {
        const next = await newSecretId(address)
        await ask(address, 'POST', 'auth/approle/role/locket/secret-id/destroy', { secret_id: first })
        for (const token of seen) dead.add(token)
        await writeFile(join(folder, 'next'), next)
        await rename(join(folder, 'next'), path)
      },
      async forbid(reference) {
        const denied = reference.split('/').slice(3, -1).join('/')
        const deny = `path "secret/data/${denied}" { capabilities = ["deny"] }`
        await ask(address, 'PUT', 'sys/policies/acl/locket', { policy: `${POLICY}\n${deny}` })
        t.after(() => ask(address, 'PUT', 'sys/policies/acl/locket', { policy: POLICY }))
      },
      expire: () => {
        for (const token of seen) dead.add(token)
      },
      ...serviceKnobs(service, isLogin),
      limit: (count) => ({ ...settings, maxConcurrent: String(count) }),
    },
  }
}

async function passOn(url: string, method: string, headers: Headers, body: Buffer): Promise<ServiceAnswer> {
  const sent = body.length === 0 ? {} : { body: new Uint8Array(body) }
  const response = await fetch(url, { method, headers, redirect: 'manual', ...sent })
  const type = response.headers.get('content-type') ?? 'application/json'
  return { status: response.status, type, body: Buffer.from(await response.arrayBuffer()) }
}

async function newSecretId(address: string): Promise<string> {
  return textAt(await ask(address, 'POST', 'auth/approle/role/locket/secret-id', {}), 'secret_id')
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocketError, formatError } from '../../../core/vocabulary/errors.ts'
import type { ReadLimits, SourceFiles } from '../../../core/ports/files.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { bearer, readCredential } from './credential.ts'

const USE = { provider: 'op-connect', setting: 'connect-token' }
const PATH = '/run/token'

function holding(
  content: string | Error,
): SourceFiles & { readonly asked: [string, ReadLimits][]; readonly given: Uint8Array[] } {
  const asked: [string, ReadLimits][] = []
  const given: Uint8Array[] = []
  return {
    asked,
    given,
    async read(path, limits) {
      asked.push([path, limits])
      if (typeof content !== 'string') throw content
      const bytes = new TextEncoder().encode(content)
      given.push(bytes)
      return bytes
    },
    wasRead: () => false,
  }
}

function readFrom(content: string | Error): Promise<Secret> {
  return readCredential({ kind: 'file', path: PATH }, holding(content), USE)
}

function systemError(code: string): LocketError {
  return new LocketError('io', `cannot read ${PATH}: ${code}`, {
    cause: Object.assign(new Error(code), { code }),
  })
}

test('newlines at the end are removed, and the bytes that were read are wiped', async () => {
  const files = holding('canary-token\r\n\n')
  const secret = await readCredential({ kind: 'file', path: PATH, within: ['/run'] }, files, USE)
  assert.equal(bearer(secret), 'Bearer canary-token')
  assert.deepEqual(files.asked, [[PATH, { maxBytes: 65_536, within: ['/run'] }]])
  assert.ok(files.given.every((bytes) => bytes.every((byte) => byte === 0)))
})

test('wiping the read bytes leaves an inline credential unchanged', async () => {
  const credential = { kind: 'inline', value: Secret.fromText('canary-token') } as const
  const files = holding('')
  const first = await readCredential(credential, files, USE)
  first.wipe()
  assert.equal(bearer(await readCredential(credential, files, USE)), 'Bearer canary-token')
  assert.deepEqual(files.asked, [])
})

test('a credential that no header can hold is refused and not quoted', async () => {
  for (const content of ['canary token', 'canary\ntoken', 'canary\u0000', 'canaryü', '\uFEFFcanary']) {
    await assert.rejects(readFrom(content), (error: LocketError) => {
      assert.equal(error.code, 'auth')
      assert.ok(error.message.includes(PATH) && error.message.includes('connect-token'))
      return !formatError(error).includes('canary')
    })
  }
})

test('a missing or empty file is retryable', async () => {
  for (const content of [systemError('ENOENT'), systemError('ENOTDIR'), '', '\n']) {
    await assert.rejects(readFrom(content), (error: LocketError) => {
      assert.equal(error.code, 'credential_missing')
      return error.message.startsWith('op-connect: connect-token in /run/token')
    })
  }
})

test('an unreadable file is denied, and the error says who must be able to read it', async () => {
  await assert.rejects(readFrom(systemError('EACCES')), (error: LocketError) => {
    assert.equal(error.code, 'denied')
    return formatError(error).includes('the user that runs locket')
  })
})

test('other refusals keep their code and gain the setting', async () => {
  for (const code of ['too_large', 'denied', 'io'] as const) {
    const message = /^op-connect: connect-token in \/run\/token: no$/
    await assert.rejects(readFrom(new LocketError(code, 'no')), { code, message })
  }
})

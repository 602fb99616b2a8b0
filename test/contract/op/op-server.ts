import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { op } from '../../../src/providers/op/op.ts'
import { makeToken } from '../../fixtures/op-token.ts'
import { json, startService, text } from '../../fixtures/servers/http-fixture.ts'
import type { Service } from '../../fixtures/servers/http-fixture.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { CANARY } from '../provider/provider-attempt.ts'
import { serviceKnobs } from '../provider/provider-backend.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

const NO_ACCOUNT = 'a login needs a live account: past it everything is encrypted'

/** Only the pure half of the contract is run on it: nothing but 1Password itself can answer a login. */
export const subject: ProviderSubject = {
  def: op,
  start: async (t) => (await startBackend(t)).backend,
  foreign: ['op:vault', 'ops://vault/item/field', 'bao://mount/path/field', ' op://a/b/c'],
  malformed: [
    'op:/vault/item/field',
    'op://vault',
    'op://vault/item',
    'op://vault/item/section/field/more',
    'op://vault//field',
    'op:///item/field',
    'op://vault/item/',
    'op://vault/ /field',
    'op://vault/item/fi\u0007eld',
    'op://vault/item/100%',
    'op://vault/item/50%25',
    'op://vault/it%2Fem/field',
    'op://vault/item/f?attribute=value',
    'op://vault/item/f?attribute=type',
    'op://vault/item/f?attribute=OTP',
    'op://vault/item/f?attribute=',
    'op://vault/item/f?',
    'op://vault/item/f?x=y',
    'op://vault/item/f?ssh-format=pem',
    'op://vault/item/f?attribute=otp&ssh-format=openssh',
    'op://Café/item/field',
    'op://vault/item (2)/field',
    'op://vault/item/field#1',
  ],
  spellings: [
    ['op://My Vault/item/field', 'op://My%20Vault/item/field', 'OP://My Vault/it%65m/field'],
    ['op://my vault/item/field'],
    ['op://My Vault/item/section/field'],
    ['op://My Vault/item/field?attribute=otp', 'op://My Vault/item/field?attribute=totp'],
    ['op://My Vault/item/field?ssh-format=openssh'],
    ['op://My Vault/../field', 'op://My Vault/%2E%2E/field'],
    ['op://My Vault/item/field '],
  ],
  required: ['op-token'],
  noAll: {
    text: 'op://My Vault/item/*',
    says: /asks for all fields, which locket cannot read with 1Password's SDK/,
  },
  lacks: {
    badCredential: NO_ACCOUNT,
    rotateCredential: NO_ACCOUNT,
    forbid: NO_ACCOUNT,
    failNext: NO_ACCOUNT,
    expire: NO_ACCOUNT,
    limit: NO_ACCOUNT,
    lateCredential: NO_ACCOUNT,
  },
}

/** Where a made-up token logs in, with a file that holds the token. */
export async function startBackend(
  t: TestContext,
  /** The answers of the real one need an account. */
  answer = '{}',
): Promise<{ service: Service; backend: Backend; tokenFile: string }> {
  const service = await startService({
    answer: () => text(200, answer),
    failure: (status, said) => json(status, { errorCode: status, errorMessage: said }),
  })
  t.after(() => service[Symbol.asyncDispose]())
  const token = makeToken(service.url)
  const tokenFile = join(await temporaryFolder(t), 'token')
  await writeFile(tokenFile, `${token.text}\n`)
  service.knobs.errorText = `${token.text} ${token.canaries.join(' ')} ${CANARY}`
  const { throttle, fail, drop, refuse, hang, slow, gauge } = serviceKnobs(service, () => true)
  const backend: Backend = {
    settings: { token: `file:${tokenFile}` },
    put: () => Promise.reject(new Error('a login needs a live account')),
    missing: 'op://vault/nothing/field',
    canaries: token.canaries,
    knobs: { throttle, fail, drop, refuse, hang, slow, gauge },
  }
  return { service, backend, tokenFile }
}

import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import type { Outcome, Outcomes } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { field, section } from '../../settings/field.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { CredentialText } from '../../settings/kinds.ts'
import { defineProvider } from '../define.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { readCredential } from '../lib/login/credential.ts'
import { logFetch } from '../lib/each.ts'
import { throwIfAborted } from '../lib/http/http-errors.ts'
import { createSessions } from '../lib/login/sessions.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { caCertField, caCertReader, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { outcomeOf } from './outcomes.ts'
import { parseReference } from './references.ts'
import { createOpSdkClient } from './sdk-client.ts'
import { providerError } from '../lib/provider-error.ts'

const NAMED = { prefix: 'op-', env: 'OP_', server: '1Password' }

const settings = section('op', '1Password service accounts', {
  token: field({
    name: 'op-token',
    env: 'OP_SERVICE_ACCOUNT_TOKEN',
    schema: CredentialText.optional(),
    summary: 'token of a 1Password service account',
    placeholder: 'TOKEN',
    credential: true,
  }),
  // Each of them is one call into the SDK, which sends several requests one after the other.
  maxConcurrent: maxConcurrentField(NAMED, '4'),
  maxRate: maxRateField(NAMED, '1000/h', ['op-token']),
  caCert: caCertField(NAMED, ['op-token']),
})

/** The number of references in one call of the SDK. */
const CHUNK = 100

/** The provider `op`: service accounts of 1Password. */
export const op = defineProvider({
  kind: 'op',
  title: '1Password service accounts',
  schemes: ['op'],
  settings,
  parse(text, instance) {
    const key = parseReference(text)
    return key === undefined ? undefined : createRef(instance, key, text)
  },
  check: ({ token }) => (token === undefined ? ['op-token (OP_SERVICE_ACCOUNT_TOKEN) is not set'] : []),
  open,
})

function open(
  { token, maxConcurrent, maxRate, caCert }: SettingsOf<typeof settings>,
  { clock, emit, files, startWorker, env }: ProviderDeps,
  instance: string,
): ProviderClient {
  if (token === undefined) throw providerError('config', 'op needs op-token (OP_SERVICE_ACCOUNT_TOKEN)')
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, clock })
  const sdk = createOpSdkClient({ provider: instance, startWorker, traffic, caCert, env })
  const checkCaCert = caCertReader(caCert, files, { provider: instance, setting: 'op-ca-cert' })
  let logins = 0
  const sessions = createSessions({
    clock,
    readCredentials: async () => [
      await readCredential(token, files, { provider: instance, setting: 'op-token' }),
    ],
    async login([secret], signal) {
      if (secret === undefined) throw new LocketError('internal', 'no token to log in with')
      // Node only prints a warning for an authority file that it cannot use, and that warning would be lost.
      await checkCaCert?.()
      await sdk.login(secret, signal)
      logins += 1
      return { value: secret.copy() }
    },
    wipe: (secret) => secret.wipe(),
  })

  async function withToken(signal: AbortSignal, work: (secret: Secret) => Promise<void>): Promise<void> {
    try {
      if (!signal.aborted) await sessions.use(signal, work)
    } catch (thrown) {
      if (!signal.aborted) throw toLocketError(thrown)
    }
    throwIfAborted(sdk.title, signal)
  }

  async function fetch(refs: readonly SecretRef[], signal: AbortSignal): Promise<Outcomes> {
    const wanted = uniqueRefs(refs)
    const outcomes = new Map<RefId, Outcome>()
    if (wanted.length === 0) return outcomes
    try {
      await withToken(signal, async (secret) => {
        const open = wanted.filter(({ id }) => !outcomes.has(id))
        for (let at = 0; at < open.length; at += CHUNK) {
          const chunk = open.slice(at, at + CHUNK)
          const answer = await sdk.resolve(secret, chunk, signal)
          for (const ref of chunk) outcomes.set(ref.id, outcomeOf(ref, answer, instance))
        }
      })
    } catch (thrown) {
      const error = toLocketError(thrown)
      for (const { id } of wanted) if (!outcomes.has(id)) outcomes.set(id, { ok: false, error })
    }
    const failed = [...outcomes.values()].filter((outcome) => !outcome.ok).length
    logFetch({ provider: instance, emit, traffic }, wanted.length, failed)
    return outcomes
  }

  return {
    fetch,
    probe(signal) {
      const before = logins
      return withToken(signal, async (secret) => {
        if (logins === before) await sdk.login(secret, signal)
      })
    },
    status: () => traffic.status(),
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]()
      await sdk[Symbol.asyncDispose]()
    },
  }
}

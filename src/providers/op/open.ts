import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import type { Outcome, Outcomes } from '../../core/vocabulary/resolve.ts'
import type { Rate } from '../../core/waiting/rate.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { readCredential } from '../lib/login/credential.ts'
import { logFetch } from '../lib/each.ts'
import { throwIfAborted } from '../lib/http/http-errors.ts'
import { createSessions } from '../lib/login/sessions.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { caCertReader } from '../lib/http/traffic-settings.ts'
import { outcomeOf } from './outcomes.ts'
import { createOpSdkClient } from './sdk-client.ts'
import { providerError } from '../lib/provider-error.ts'
import type { OpSettings } from './settings.ts'

/** The number of references in one call of the SDK. */
const CHUNK = 100

const DAY_MS = 86_400_000
/**
 * The smallest limit of an account for a day
 * (https://developer.1password.com/docs/service-accounts/rate-limits/). Refreshes keep it unless
 * `op-max-rate` has a limit for a day. Otherwise they would use up what mounts need.
 */
const DAILY: readonly Rate[] = [{ count: 1000, perMs: DAY_MS, text: '1000/d' }]

/** Opens a client of 1Password. Throws `config` if the token is missing. */
export function openOp(
  { token, maxConcurrent, maxRate, caCert }: OpSettings,
  { clock, emit, files, startWorker, env }: ProviderDeps,
  instance: string,
): ProviderClient {
  if (token === undefined) throw providerError('config', 'op needs op-token (OP_SERVICE_ACCOUNT_TOKEN)')
  const patientRates = maxRate.length === 0 || maxRate.some(({ perMs }) => perMs >= DAY_MS) ? [] : DAILY
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, patientRates, clock })
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
    const start = clock.elapsed()
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
    logFetch({ provider: instance, emit, traffic }, { references: wanted.length, failed, start })
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

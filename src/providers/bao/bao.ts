import { LocketError, isLocketError } from '../../core/vocabulary/errors.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { defineProvider } from '../define.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { fetchEach } from '../lib/each.ts'
import { createHttpClient } from '../lib/http/http.ts'
import { throwIfAborted } from '../lib/http/http-errors.ts'
import { createSessions } from '../lib/login/sessions.ts'
import { caCertReader } from '../lib/http/traffic-settings.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { logIn, readCredentials } from './auth.ts'
import { createCalls } from './calls.ts'
import { POD_TOKEN, planLogin, methodProblems } from './method.ts'
import { createBaoReader } from './read.ts'
import { formatBaoReference, parseBaoReference } from './refs.ts'
import type { KvVersion } from './refs.ts'
import { settings } from './settings.ts'
import type { BaoSettings } from './settings.ts'
import { createTokenCheck, createTokenUse } from './token.ts'
import type { TokenUse } from './token.ts'
import { providerError } from '../lib/provider-error.ts'

export const bao = defineProvider({
  kind: 'bao',
  aliases: ['vault'],
  title: 'OpenBao and HashiCorp Vault',
  schemes: ['bao', 'vault'],
  settings,
  parse(text, instance, { kvVersion }) {
    const reference = parseBaoReference(text, KV[kvVersion])
    return reference === undefined ? undefined : createRef(instance, formatBaoReference(reference), text)
  },
  check: methodProblems,
  ownFiles: [POD_TOKEN],
  open,
})

const KV: Readonly<Record<BaoSettings['kvVersion'], KvVersion | undefined>> = {
  auto: undefined,
  '1': 1,
  '2': 2,
}

/** What the references of one batch share. */
interface Batch {
  readonly use: TokenUse
  readonly signal: AbortSignal
  /** Once for all of them: rejects with `auth` when the token is no good any more. */
  readonly checkToken: () => Promise<void>
}

function open(given: BaoSettings, { clock, emit, files }: ProviderDeps, instance: string): ProviderClient {
  const { url, namespace, maxConcurrent, maxRate, caCert } = given
  const plan = planLogin(given)
  if (url === undefined || plan === undefined)
    throw providerError('config', `${instance}: ${methodProblems(given).join(', ')}`)
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, clock })
  const http = createHttpClient({
    provider: instance,
    baseUrl: url,
    maxConcurrent,
    traffic,
    caCert: caCertReader(caCert, files, { provider: instance, setting: 'bao-ca-cert' }),
  })
  const calls = createCalls(http, namespace)
  const reader = createBaoReader(calls, clock)
  const isRenewable = plan.method !== 'token'
  const tokens = createTokenCheck(calls, clock, isRenewable)
  const sessions = createSessions({
    clock,
    readCredentials: () => readCredentials(plan, files, instance),
    async login(credentials, signal) {
      const { value, lifetimeMs } = await logIn(plan, calls, credentials, signal)
      return { value: createTokenUse(value), lifetimeMs }
    },
    ...(isRenewable ? {} : { isRenewable: false as const }),
  })

  function withBatch(signal: AbortSignal, work: (batch: Batch) => Promise<void>): Promise<void> {
    throwIfAborted(http.who, signal)
    return sessions.use(signal, (use) => {
      const isProven = use.workedAt !== undefined
      let checked: Promise<void> | undefined
      const checkToken = () => (checked ??= tokens.check(use, isProven, signal))
      return work({ use, signal, checkToken })
    })
  }

  async function fetchOne(ref: SecretRef, { use, signal, checkToken }: Batch): Promise<Resolved> {
    const reference = parseBaoReference(ref.key)
    if (reference === undefined) throw new LocketError('internal', 'a reference of another provider')
    try {
      return { value: await reader.read(reference, use, signal) }
    } catch (thrown) {
      if (isLocketError(thrown) && thrown.code === 'denied') await checkToken().catch(unlessRefused)
      throw thrown
    }
  }

  return {
    fetch: fetchEach({ provider: instance, emit, traffic, withBatch, fetchOne }),
    probe: (signal) => withBatch(signal, ({ use }) => tokens.probe(use, signal)),
    status: () => traffic.status(),
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]()
      await http[Symbol.asyncDispose]()
    },
  }
}

/** When the token cannot be asked about, what was refused is still the better answer. */
function unlessRefused(thrown: unknown): void {
  if (isLocketError(thrown) && thrown.code === 'auth') throw thrown
}

import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { fetchEach } from '../lib/each.ts'
import { createHttpClient } from '../lib/http/http.ts'
import { abortError, throwIfAborted } from '../lib/http/http-errors.ts'
import { caCertReader } from '../lib/http/traffic-settings.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { createSessions } from '../lib/login/sessions.ts'
import { providerError } from '../lib/provider-error.ts'
import { readRows, resolvedOf, type BrokerRow } from './answers.ts'
import { loadIdentity, readIdentityFiles, type LoadedIdentity } from './identity.ts'
import { createBrokerSession, type BrokerSession } from './session.ts'
import type { LocketSettings } from './settings.ts'

/** References of one request. */
const REFS_AT_ONCE = 2000

interface Batch {
  readonly who: string
  readonly rows: () => Promise<ReadonlyMap<string, BrokerRow | undefined>>
}

/** Opens a client of a broker. It does no I/O: the address of the broker is in the identity. */
export function openLocket(
  { identity, maxConcurrent, maxRate, caCert }: LocketSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  const { clock, emit, files, env } = deps
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, clock })
  const closing = new AbortController()
  const closings: PromiseLike<void>[] = []
  const sessions = createSessions<BrokerSession>({
    clock,
    isRenewable: false,
    readCredentials: () => readIdentityFiles(identity, files, instance),
    login: async (read) => ({ value: openSession(loadIdentity(read, identity, instance)) }),
    wipe: ({ http }) => void closings.push(http[Symbol.asyncDispose]()),
  })

  function openSession(loaded: LoadedIdentity): BrokerSession {
    const { baseUrl, socketPath } = addressOf(loaded.apiUrl, instance)
    const http = createHttpClient({
      provider: instance,
      baseUrl,
      maxConcurrent,
      traffic,
      socketPath,
      onlyCa: loaded.caPem,
      caCert: caCertReader(caCert, files, { provider: instance, setting: 'broker-ca-cert' }),
      env: socketPath === undefined ? env : undefined,
    })
    return createBrokerSession(loaded, { http, authority: new URL(baseUrl).host, clock })
  }

  async function use(signal: AbortSignal, work: (session: BrokerSession) => Promise<void>): Promise<void> {
    throwIfAborted(instance, signal)
    closing.signal.throwIfAborted()
    await sessions.use(signal, work)
  }

  return {
    fetch: fetchEach<Batch>({
      provider: instance,
      emit,
      traffic,
      async withBatch(call, work) {
        const signal = AbortSignal.any([call.signal, closing.signal])
        await use(signal, (session) => work(batchOf(session, call.refs, signal)))
      },
      fetchOne: async (ref, { who, rows }) => resolvedOf((await rows()).get(ref.key), ref.key, who),
    }),
    async probe(signal) {
      try {
        await use(
          signal,
          async (session) => void (await session.ask({ method: 'GET', url: '/v2/secrets', signal })),
        )
      } catch (thrown) {
        throw signal.aborted && !isLocketError(thrown) ? abortError(instance, signal.reason) : thrown
      }
    },
    status: () => traffic.status(),
    async [Symbol.asyncDispose]() {
      closing.abort(providerError('internal', `${instance} is closed`))
      sessions[Symbol.dispose]()
      await Promise.all(closings)
    },
  }
}

/** One request for all references of a batch. It goes when the first of them is asked for. */
function batchOf(session: BrokerSession, refs: readonly SecretRef[], signal: AbortSignal): Batch {
  const { who } = session.http
  let asked: Promise<ReadonlyMap<string, BrokerRow | undefined>> | undefined

  async function askAll(): Promise<ReadonlyMap<string, BrokerRow | undefined>> {
    const keys = refs.map(({ key }) => key)
    const parts: string[][] = []
    for (let at = 0; at < keys.length; at += REFS_AT_ONCE) parts.push(keys.slice(at, at + REFS_AT_ONCE))
    const answers = await Promise.all(
      parts.map((some) => session.ask({ method: 'POST', url: '/v2/resolve', body: { refs: some }, signal })),
    )
    return new Map(answers.flatMap((answer) => [...readRows(answer, who)]))
  }

  return { who, rows: () => (asked ??= askAll()) }
}

function addressOf(
  apiUrl: string,
  instance: string,
): { readonly baseUrl: string; readonly socketPath: string | undefined } {
  const socketPath = /^unix:(?:\/\/)?(\/.+)$/.exec(apiUrl)?.[1]
  if (socketPath !== undefined) return { baseUrl: 'http://localhost', socketPath }
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (url?.protocol === 'https:' && url.pathname === '/' && url.username === '' && url.search === '')
    return { baseUrl: url.origin, socketPath: undefined }
  throw providerError(
    'auth',
    `${instance}: the address of the broker in the identity is not https:// or unix:/`,
  )
}

import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderClient, ProviderDeps, VersionOf } from '../define.ts'
import { fetchEach } from '../lib/each.ts'
import { createHttpClient } from '../lib/http/http.ts'
import { abortError, throwIfAborted } from '../lib/http/http-errors.ts'
import { caCertReader } from '../lib/http/traffic-settings.ts'
import { createTraffic } from '../lib/http/traffic.ts'
import { createSessions, type Session } from '../lib/login/sessions.ts'
import { providerError } from '../lib/provider-error.ts'
import { readAnswer, readListing, resolvedOf, type BrokerRow } from './answers.ts'
import { followBroker } from './follow.ts'
import { loadIdentity, readIdentityFiles, type LoadedIdentity, type LoadedWorkload } from './identity.ts'
import { createKnownVersions } from './known.ts'
import { createBrokerSession, type BrokerSession } from './session.ts'
import type { LocketSettings } from './settings.ts'
import { logInWorkload } from './workload.ts'

/** References of one request. */
const REFS_AT_ONCE = 2000

interface OpenedSession extends BrokerSession, AsyncDisposable {
  readonly isWorkload: boolean
}

type Rows = ReadonlyMap<string, BrokerRow | undefined>

interface Batch {
  readonly who: string
  readonly rows: (ref: SecretRef) => Promise<Rows>
}

interface Question {
  readonly versions?: ReadonlyMap<string, string>
  /** See `SecretRef`. */
  readonly via?: readonly string[] | undefined
  readonly signal: AbortSignal
}

/** Opens a client of a broker. It does no I/O: the address of the broker is in the identity. */
export function openLocket(
  { identity, token, maxConcurrent, maxRate, caCert }: LocketSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  const { clock, emit, files, env } = deps
  const traffic = createTraffic({ provider: instance, maxConcurrent, rates: maxRate, clock })
  // A question that is held takes no place of another one, and its failures say nothing about others.
  const heldTraffic = createTraffic({ provider: instance, maxConcurrent: 1, rates: [], clock })
  const closing = new AbortController()
  const closings: PromiseLike<void>[] = []
  const known = createKnownVersions(clock)
  const cursor = { at: '' }
  const sessions = createSessions<OpenedSession>({
    clock,
    // A key stays the same. A token may be good for another session.
    isRenewable: ({ isWorkload }) => isWorkload,
    readCredentials: () => readIdentityFiles({ identity, token }, files, instance),
    login: (read, signal) => openSession(loadIdentity(read, identity, instance), signal),
    wipe: (session) => void closings.push(session[Symbol.asyncDispose]()),
  })

  /** A workload logs in. Opening the session of a machine with a key asks nothing. */
  async function openSession(
    loaded: LoadedIdentity | LoadedWorkload,
    signal: AbortSignal,
  ): Promise<Session<OpenedSession>> {
    const { baseUrl, socketPath } = addressOf(loaded.apiUrl, instance)
    const options = {
      provider: instance,
      baseUrl,
      socketPath,
      onlyCa: loaded.caPem,
      caCert: caCertReader(caCert, files, { provider: instance, setting: 'broker-ca-cert' }),
      env: socketPath === undefined ? env : undefined,
    }
    const http = createHttpClient({ ...options, maxConcurrent, traffic })
    const held = createHttpClient({ ...options, maxConcurrent: 1, traffic: heldTraffic })
    const close = async (): Promise<void> => {
      await Promise.all([http, held].map((one) => one[Symbol.asyncDispose]()))
    }
    try {
      const isWorkload = loaded.kind === 'workload'
      const { identity: own, lifetimeMs } = isWorkload
        ? await logInWorkload(loaded, { http, clock }, signal)
        : { identity: loaded, lifetimeMs: undefined }
      const session = createBrokerSession(own, { http, held, authority: new URL(baseUrl).host, clock })
      return { value: { ...session, isWorkload, [Symbol.asyncDispose]: close }, lifetimeMs }
    } catch (thrown) {
      await close()
      throw thrown
    }
  }

  async function use<T>(signal: AbortSignal, work: (session: BrokerSession) => Promise<T>): Promise<T> {
    throwIfAborted(instance, signal)
    closing.signal.throwIfAborted()
    return await sessions.use(signal, work)
  }

  /** Asks for these references. With their versions, the broker sends only the values that have others. */
  async function resolve(
    session: BrokerSession,
    keys: readonly string[],
    { versions, via, signal }: Question,
  ): Promise<Rows> {
    const parts: string[][] = []
    for (let at = 0; at < keys.length; at += REFS_AT_ONCE) parts.push(keys.slice(at, at + REFS_AT_ONCE))
    const answers = await Promise.all(
      parts.map(async (refs) => {
        const own = versions && Object.fromEntries(refs.map((key) => [key, versions.get(key)]))
        const body = { refs, ...(own && { known: own }), ...(via && { via }) }
        return readAnswer(
          await session.ask({ method: 'POST', url: '/v2/resolve', body, signal }),
          session.http.who,
        )
      }),
    )
    // A later one would leave out what has changed since the values before.
    if (cursor.at === '') cursor.at = answers[0]?.cursor ?? ''
    return new Map(answers.flatMap(({ rows }) => [...rows]))
  }

  /**
   * One request for all references of a batch that have come the same way. It goes when the first of them is
   * asked for.
   */
  function batchOf(session: BrokerSession, refs: readonly SecretRef[], signal: AbortSignal): Batch {
    const asked = new Map<string, Promise<Rows>>()
    const wayOf = ({ via = [] }: SecretRef): string => via.join(' ')
    function rows(ref: SecretRef): Promise<Rows> {
      const way = wayOf(ref)
      const keys = refs.filter((one) => wayOf(one) === way).map(({ key }) => key)
      const answer = asked.get(way) ?? resolve(session, keys, { via: ref.via, signal })
      asked.set(way, answer)
      return answer
    }
    return { who: session.http.who, rows }
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
      async fetchOne(ref, { who, rows }) {
        const { key } = ref
        const row = (await rows(ref)).get(key)
        known.noteValue(key, row)
        return resolvedOf(row, key, who)
      },
    }),
    async versions(given): Promise<VersionOf> {
      const signal = AbortSignal.any([given, closing.signal])
      const versions = new Map(known.all())
      if (versions.size === 0) return () => undefined
      const rows = await use(signal, (session) =>
        resolve(session, [...versions.keys()], { versions, signal }),
      )
      // A value that has changed came along. It is asked for again, so that nothing keeps it until then.
      for (const [key, row] of rows) known.note(key, row)
      const now = new Map(known.all().map(([key]) => [key, known.textOf(key)]))
      return ({ key }) => {
        known.use(key)
        return now.get(key)
      }
    },
    async follow(listener, given) {
      const signal = AbortSignal.any([given, closing.signal])
      const ask = (url: string, asked: AbortSignal): Promise<unknown> =>
        use(asked, (session) => session.ask({ method: 'GET', url, isHeld: true, signal: asked }))
      await followBroker({ clock, ask, cursor }, listener, signal)
    },
    async list(given) {
      const signal = AbortSignal.any([given, closing.signal])
      return await use(signal, async (session) =>
        readListing(await session.ask({ method: 'GET', url: '/v2/secrets', signal }), session.http.who),
      )
    },
    async probe(signal) {
      try {
        await use(signal, (session) => session.ask({ method: 'GET', url: '/v2/secrets', signal }))
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

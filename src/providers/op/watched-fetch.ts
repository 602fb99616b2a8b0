import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { retryAfterOf, statusError, transportError } from '../lib/http/http-errors.ts'
import { chooseProxy, type ProxyEnvironment } from '../lib/proxy/choose-proxy.ts'
import { fetchProxyError } from '../lib/proxy/proxy-errors.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * The results of this process's requests. The SDK sends them with the global `fetch` and reports little about
 * them.
 */
interface WatchedFetch {
  /** Returns the number of requests so far. */
  count(): number
  /**
   * Returns the failure of the last failed request after the first `count` ones. It may belong to another
   * call that runs at the same time.
   */
  failureSince(count: number, who: string): LocketError | undefined
}

/**
 * The limits of service accounts, for the hint of a `rate_limited` error
 * (https://developer.1password.com/docs/service-accounts/rate-limits/).
 */
const LIMITS =
  'a service account may read 1000 times an hour (Business: 10000), all of an account together 1000 times a day (Teams: 5000, Business: 50000); ids in place of names take fewer'

/**
 * Milliseconds to wait when 1Password sends no Retry-After: the limit of the hour or day may last for a short
 * or a long time.
 */
const PAUSE_MS = 60_000

/** Replaces the global `fetch` permanently. `env` holds the proxy variables, which that `fetch` obeys. */
export function watchFetch(clock: Clock, env: ProxyEnvironment): WatchedFetch {
  const { fetch } = globalThis
  const never = new AbortController().signal
  let count = 0
  let last: { readonly number: number; readonly explain: (who: string) => LocketError } | undefined

  globalThis.fetch = async (input, init) => {
    count += 1
    const number = count
    const origin = originOf(input)
    try {
      const response = await fetch(input, init)
      const retryAfterMs = retryAfterOf(response.headers.get('retry-after'), clock.now())
      if (!response.ok)
        last = { number, explain: (who) => refusalOf(placeOf(who, origin), response.status, retryAfterMs) }
      return response
    } catch (thrown) {
      const proxyError = await proxyFailure(origin, thrown)
      last = {
        number,
        explain: (who) => proxyError ?? transportError(placeOf(who, origin), thrown, never),
      }
      throw thrown
    }
  }

  async function proxyFailure(origin: string, thrown: unknown): Promise<LocketError | undefined> {
    if (origin === '') return undefined
    const proxy = await chooseProxy(new URL(origin), env)
    return proxy && fetchProxyError(proxy, new URL(origin).host, thrown)
  }

  return {
    count: () => count,
    failureSince: (before, who) =>
      last === undefined || last.number <= before ? undefined : last.explain(who),
  }
}

/**
 * Returns the error for a status of 1Password's. Some statuses mean something else than in `statusError`,
 * because no request asks for a single secret.
 */
export function refusalOf(who: string, status: number, retryAfterMs?: number): LocketError {
  if (status === 429) {
    return providerError('rate_limited', `${who} asks for fewer requests (status 429)`, {
      hint: LIMITS,
      retryAfterMs: retryAfterMs ?? PAUSE_MS,
    })
  }
  if (status === 404 || status === 410) {
    return providerError('unavailable', `${who} is not where a service account logs in (status ${status})`, {
      facts: { status },
      hint: 'is a proxy answering in its place?',
    })
  }
  if (status === 409)
    return providerError('unavailable', `${who} reports a conflict with another request (status 409)`, {
      facts: { status },
    })
  return statusError(who, status, retryAfterMs)
}

function placeOf(who: string, origin: string): string {
  return origin === '' ? who : `${who} at ${origin}`
}

/**
 * Returns the origin of the address, which holds no user name or password; empty if the address is not a URL.
 */
function originOf(input: Parameters<typeof fetch>[0]): string {
  const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url
  return URL.canParse(url) ? new URL(url).origin : ''
}

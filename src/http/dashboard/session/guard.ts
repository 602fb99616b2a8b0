import { isSameToken, tokenHash } from '../../../core/broker/tokens.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'

/** The headers by which a request is judged. */
interface GuardedHeaders {
  readonly host?: string | undefined
  readonly origin?: string | undefined
  readonly 'sec-fetch-site'?: string | string[] | undefined
}

/** Where the dashboard is, as browsers see it. */
interface DashboardAddress {
  /** The origin of the setting `dashboard-url`. Undefined: a port of this host, without TLS. */
  readonly url: string | undefined
}

const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

/**
 * Returns the origin of a request. Throws `denied` for a host name that is not the dashboard's: a page of
 * another site can make its own name point to 127.0.0.1.
 */
export function originOf({ host = '' }: GuardedHeaders, { url }: DashboardAddress): string {
  if (url === undefined ? LOCAL.test(host) : new URL(url).host === host) return url ?? `http://${host}`
  throw new LocketError('denied', 'the dashboard has another address', {
    hint: url === undefined ? 'use localhost, or set dashboard-url' : `it is ${url}`,
  })
}

/** True when a page of another site has sent the browser. */
export function isFromElsewhere({ 'sec-fetch-site': site = 'none' }: GuardedHeaders): boolean {
  return site !== 'none' && site !== 'same-origin'
}

/** Throws `denied` for a request that another site has made. Browsers send Origin with each POST. */
export function mustBeOwn(headers: GuardedHeaders, origin: string): void {
  const site = headers['sec-fetch-site'] ?? 'same-origin'
  if (headers.origin === origin && site === 'same-origin') return
  throw new LocketError('denied', 'the request comes from another site')
}

/** Returns the token of forms that belongs to a cookie. It does not reveal the cookie. */
export function formTokenOf(cookie: string): string {
  return tokenHash(`form ${cookie}`)
}

/** Throws `denied` for a form that was not made for this cookie. */
export function mustFit(given: string, cookie: string | undefined): void {
  if (cookie !== undefined && isSameToken(given, formTokenOf(cookie))) return
  throw new LocketError('denied', 'the form is too old', { hint: 'load the page again' })
}

/** Returns a path of the dashboard to go to after the login, or `/`. */
export function safeNext(text: string): string {
  return /^\/(?![/\\])[\w./?=&%~@+-]{0,300}$/.test(text) ? text : '/'
}

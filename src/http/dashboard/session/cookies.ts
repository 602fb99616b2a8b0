import type { SetCookie } from '../route.ts'

/** Names of the cookies, without the prefix that they have under TLS. */
export const COOKIES = {
  session: 'locket_session',
  visit: 'locket_visit',
  bundle: 'locket_bundle',
  outside: 'locket_outside',
} as const

const MOST_COOKIES = 50

/**
 * Returns the cookies of a request by their names. Under TLS only those with the prefix `__Host-` count: no
 * other host, and no page without TLS, can have set them.
 */
export function readCookies(header: string | undefined, isTls: boolean): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const pair of (header ?? '').split(';').slice(0, MOST_COOKIES)) {
    const [, name = '', value = ''] = /^\s*([\w-]{1,64})=([\w.-]{1,600})\s*$/.exec(pair) ?? []
    const plain = isTls ? /^__Host-(.+)$/.exec(name)?.[1] : name
    if (plain !== undefined && !found.has(plain)) found.set(plain, value)
  }
  return found
}

/**
 * Returns the text of a Set-Cookie header. No script reads the cookie. No other site sends it, but for the
 * one that the login service sends back with the browser.
 */
export function writeCookie({ name, value, maxAgeS, isForReturn }: SetCookie, isTls: boolean): string {
  const full = isTls ? `__Host-${name}` : name
  const sameSite = isForReturn === true ? 'Lax' : 'Strict'
  const secure = isTls ? '; Secure' : ''
  return `${full}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=${sameSite}${secure}`
}

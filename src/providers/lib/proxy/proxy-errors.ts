import { LocketError } from '../../../core/vocabulary/errors.ts'
import { readErrno } from '../http/errno.ts'
import type { Proxy } from './choose-proxy.ts'
import { TunnelRefused } from './tunnel.ts'

/**
 * Returns the error for a proxy that answered a request for `target` with a status of its own. 5xx is
 * `unavailable`: the proxy may reach the server later (RFC 9110, 15.6.3 and 15.6.5). Anything else is
 * `config`, and not retryable.
 */
export function proxyStatusError(proxy: Proxy, target: string, status: number): LocketError {
  const says = `${proxy.who} answered ${status} to a request for ${target}`
  if (status >= 500)
    return new LocketError('unavailable', says, {
      hint: `can the proxy reach ${target}, or should NO_PROXY list it?`,
    })
  if (status === 407) {
    const hint =
      proxy.authorization === undefined
        ? `it wants a user and a password: ${proxy.variable}=http://USER:PASSWORD@HOST:PORT`
        : `it does not accept the user and password in ${proxy.variable}`
    return new LocketError('config', says, { hint })
  }
  return new LocketError('config', says, {
    hint: `does the proxy allow ${target}, or should NO_PROXY list it?`,
  })
}

/**
 * Returns the error for a proxy to which no connection, or no tunnel, could be made. `isLasting`: a proxy
 * that refuses connections has done so for a while, so it is not just starting; the error is then `config`,
 * and not retryable.
 */
export function proxyConnectError(
  proxy: Proxy,
  target: string,
  thrown: unknown,
  isLasting: boolean,
): LocketError {
  if (thrown instanceof TunnelRefused) return proxyStatusError(proxy, target, thrown.status)
  const { code, says } = readErrno(thrown)
  const hint = `is ${proxy.variable} right, and the proxy running?`
  return new LocketError(isLasting ? 'config' : code, `${proxy.who} ${says}`, { hint })
}

/**
 * Returns the error for a `fetch` through `proxy` that failed while connecting; undefined: the failure is the
 * server's. undici reports the answer of the proxy only in the text of its error.
 */
export function fetchProxyError(proxy: Proxy, target: string, thrown: unknown): LocketError | undefined {
  const status = tunnelStatus(thrown)
  if (status !== undefined) return proxyStatusError(proxy, target, status)
  return CONNECTING.test(readErrno(thrown).errno)
    ? proxyConnectError(proxy, target, thrown, false)
    : undefined
}

const CONNECTING =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/

/**
 * Returns the status that the proxy answered. undici throws `fetch failed`, with one or two nested causes.
 */
function tunnelStatus(thrown: unknown): number | undefined {
  let error = thrown
  for (let depth = 0; depth < 4 && error instanceof Error; depth += 1) {
    const status = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1]
    if (status !== undefined) return Number(status)
    error = error.cause
  }
  return undefined
}

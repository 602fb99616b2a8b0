import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlindGate, SeenRequest } from '../../app/blind/gate.ts'
import { formatAuthority, parseAuthority, type Authority } from '../../core/blind/authority.ts'
import { pathOf } from '../../core/blind/binding.ts'
import { swapHead } from '../../core/blind/swap.ts'
import { errnoOf, formatError, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { passAnswer } from './answer.ts'
import { endToEnd, without } from './headers.ts'
import { sendOn, type ExchangePorts, type Prepared } from './send-on.ts'

/** Characters of a path in logs. */
const MOST_PATH = 200

/** Sends one request of a tunnel to `authority` on, and passes the answer back. Never rejects. */
export async function exchangeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  authority: Authority,
  ports: ExchangePorts,
): Promise<void> {
  const seen = seenOf(request, authority)
  try {
    const prepared = await prepare(request, seen, ports.gate)
    const answer = await sendOn(request, response, prepared, ports)
    const { gate, passed } = ports
    const isHead = request.method === 'HEAD'
    await passAnswer(answer, response, { scrubber: () => gate.scrubber(), isHead, passed })
  } catch (thrown) {
    refuse(response, requestError(thrown, authority), seen, ports.gate)
  }
}

/** Returns the facts of a request for the log. */
export function seenOf({ method = '', url = '' }: IncomingMessage, authority: Authority): SeenRequest {
  return { ...authority, method, path: pathOf(url).slice(0, MOST_PATH) }
}

/** Checks the request and puts the values in. Rejects with `denied`, `unfit_value` or `io`. */
export async function prepare(
  request: IncomingMessage,
  seen: SeenRequest,
  gate: BlindGate,
): Promise<Prepared> {
  const { method = 'GET', url = '/', headers } = request
  // A host that is no longer bound may still have an open tunnel.
  const closed = gate.refusalOf(seen)
  if (closed !== undefined) throw closed
  // A server may take the last of several Host headers.
  if (request.headersDistinct['host']?.length !== 1)
    throw new LocketError('denied', 'the request has not exactly one Host header')
  const named = parseAuthority(headers.host ?? '')
  // A server with several names would answer for another host than the one that is bound.
  if (named?.host !== seen.host || named.port !== seen.port)
    throw new LocketError('denied', 'the Host header names another host than the tunnel')
  if (!url.startsWith('/') && url !== '*')
    throw new LocketError('denied', 'the target of the request is not a path')
  const head = { ...seen, method, target: url, headers: endToEnd(request) }
  const { target, headers: swapped, swapped: notes, left, forBody } = swapHead(head, gate.secrets())
  if (notes.length > 0) await gate.swapped(seen, notes)
  if (left.length > 0) gate.left(seen, left)
  // Parts of an answer could show parts of a value.
  const ranges = notes.length > 0 || forBody.length > 0 ? ['range', 'if-range'] : []
  const sent = without(swapped, 'accept-encoding', 'expect', ...ranges)
  return { seen, target, headers: [...sent, ['Accept-Encoding', 'identity']], forBody }
}

/** Returns the error of a request that could not be sent or answered. */
export function requestError(thrown: unknown, authority: Authority): LocketError {
  if (isLocketError(thrown)) return thrown
  const host = formatAuthority(authority)
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : ''
  const isCertificate = /^(CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_TLS_CERT|ERR_SSL_|HOSTNAME)/.test(code)
  if (isCertificate)
    return new LocketError('unavailable', `the certificate of ${host} is not trusted: ${code}`, {
      cause: thrown,
      hint: '--upstream-ca names a file with your own authority',
    })
  const errno = errnoOf(thrown)
  const reason = errno === undefined ? 'the connection failed' : systemReason(errno)
  return new LocketError('unavailable', `${host} cannot be reached: ${reason}`, { cause: thrown })
}

const STATUS: Readonly<Record<string, number>> = { denied: 403, too_large: 413, timeout: 504 }

/** Answers with the error, if nothing is sent yet, and records it. */
export function refuse(
  response: ServerResponse,
  error: LocketError,
  seen: SeenRequest,
  gate: Pick<BlindGate, 'refused'>,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  gate.refused(seen, error)
  const body = Buffer.from(`locket: ${formatError(error)}\n`)
  response.writeHead(STATUS[error.code] ?? 502, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.byteLength,
    connection: 'close',
  })
  response.end(body)
}

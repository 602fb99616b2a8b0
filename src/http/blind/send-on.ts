import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { request as ask } from 'node:https'
import { pipeline } from 'node:stream/promises'
import type { BlindGate, SeenRequest } from '../../app/blind/gate.ts'
import { swapBody, type BlindSecret, type HeaderList } from '../../core/blind/swap.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { rawOf, without } from './headers.ts'
import type { Upstream } from './upstream.ts'

/** The parts of the proxy that each request needs. */
export interface ExchangePorts {
  readonly gate: BlindGate
  readonly upstream: Upstream
  /** Is called with the size of each chunk of an answer. */
  readonly passed: (bytes: number) => void
}

/** A request that is ready to be sent. */
export interface Prepared {
  readonly seen: SeenRequest
  readonly target: string
  readonly headers: HeaderList
  readonly forBody: readonly BlindSecret[]
}

/** Bytes of a body in which placeholders are replaced. */
const MOST_BODY = 1024 * 1024
/** Larger bodies are refused, but read up to this size: a client that is cut off reads no answer. */
const MOST_READ = 16 * MOST_BODY
/** Methods that may be sent again after a connection that the server has just closed. */
const REPEATABLE: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/**
 * Sends a request to its server and resolves with the answer, whose body is not read yet. The body of the
 * request passes as a stream, unless values are put into it. Rejects with a LocketError or an error of the
 * system.
 */
export async function sendOn(
  request: IncomingMessage,
  response: ServerResponse,
  prepared: Prepared,
  { gate, upstream }: ExchangePorts,
): Promise<IncomingMessage> {
  const { seen, headers, forBody } = prepared
  const refusal = upstream.refusalOf(seen.host)
  if (refusal !== undefined) throw refusal
  const isSwapped = forBody.length > 0 && request.headers['content-encoding'] === undefined
  const body = isSwapped && hasBody(request) ? await readBody(request) : undefined
  const type = request.headers['content-type'] ?? ''
  const made = body === undefined ? undefined : swapBody(body, type, forBody)
  if (made !== undefined && made.swapped.length > 0) await gate.swapped(seen, made.swapped)
  const sent = made === undefined ? withLength(request, headers) : withBody(headers, made.body)

  for (let tries = 1; ; tries += 1) {
    const onward = openOnward(prepared, sent, upstream)
    const close = (): void => {
      if (!response.writableFinished) onward.destroy()
    }
    response.once('close', close)
    try {
      return await answerOf(onward, made?.body ?? request)
    } catch (thrown) {
      response.off('close', close)
      const isStale = onward.reusedSocket && errnoOf(thrown) === 'ECONNRESET' && !hasBody(request)
      if (!isStale || tries > 1 || !REPEATABLE.includes(seen.method)) throw thrown
    }
  }
}

/** Begins a request to the server. */
export function openOnward(
  { seen, target }: Prepared,
  headers: HeaderList,
  { agent }: Pick<Upstream, 'agent'>,
): ClientRequest {
  const { host, port, method } = seen
  return ask({ host, port, agent, method, path: target, headers: rawOf(headers) })
}

async function answerOf(onward: ClientRequest, body: IncomingMessage | Uint8Array): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>()
  onward.once('response', answered.resolve)
  // After the answer, its stream reports an error of the connection.
  onward.on('error', answered.reject)
  if (body instanceof Uint8Array) onward.end(body)
  else if (hasBody(body)) pipeline(body, onward).catch(answered.reject)
  else onward.end()
  return await answered.promise
}

/** True for a request whose headers announce a body. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Node would send a body of unknown length for some methods when there is none. */
function withLength(request: IncomingMessage, headers: HeaderList): HeaderList {
  const { method = 'GET', headers: given } = request
  if (hasBody(request) || given['content-length'] !== undefined) return headers
  return ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'].includes(method)
    ? headers
    : [...headers, ['Content-Length', '0']]
}

function withBody(headers: HeaderList, { byteLength }: Uint8Array): HeaderList {
  const others = without(headers, 'content-length', 'transfer-encoding')
  return [...others, ['Content-Length', String(byteLength)]]
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const error = new LocketError('too_large', 'a body in which values are replaced has at most 1 MiB')
  if (Number(request.headers['content-length'] ?? 0) > MOST_READ) throw error
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MOST_READ) throw error
    if (size <= MOST_BODY) chunks.push(chunk)
  }
  if (size > MOST_BODY) throw error
  return Buffer.concat(chunks)
}

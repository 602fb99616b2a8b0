import { LocketError } from '../../core/errors.ts'
import { abortError, statusError, transportError } from './http-errors.ts'
import { createPool } from './pool.ts'
import { openSockets } from './sockets.ts'
import type { Sockets } from './sockets.ts'

export interface HttpOptions {
  /** In messages: `op-connect`. */
  readonly provider: string
  /** As `HttpUrl` gives it: no user, no query, no slash at the end. */
  readonly baseUrl: string
  readonly maxConcurrent: number
}

export interface HttpRequest {
  /** From the base URL on, starting with `/`, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** GET requests to one server: so many at once, connections kept. Every failure is a LocketError without body, token or URL credentials. */
export interface HttpClient extends AsyncDisposable {
  /** `op-connect at http://host:8080`, for messages. */
  readonly who: string
  /** The body of a 2xx answer; its receiver owns it and wipes it. No redirect is followed. */
  get(request: HttpRequest): Promise<Uint8Array>
  /** The same, read as JSON. */
  getJson(request: HttpRequest): Promise<unknown>
}

/** No I/O before the first request. After dispose every request fails as `internal`. */
export function createHttpClient(options: HttpOptions): HttpClient {
  const who = nameServer(options)
  const pool = createPool(options.maxConcurrent)
  const closing = new AbortController()
  let sockets: Sockets | undefined

  async function get(request: HttpRequest): Promise<Uint8Array> {
    const signal = AbortSignal.any([request.signal, closing.signal])
    try {
      return await pool.run(() => send(request, signal), signal)
    } catch (thrown) {
      throw transportError(who, thrown, signal)
    }
  }

  async function send(request: HttpRequest, signal: AbortSignal): Promise<Uint8Array> {
    sockets ??= openSockets(options.maxConcurrent)
    const { dispatcher } = sockets
    const response = await fetch(options.baseUrl + request.path, {
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'locket', ...request.headers },
      redirect: 'manual',
      signal,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    })
    if (!response.ok) {
      await discard(response)
      throw statusError(who, response.status)
    }
    return readBody(response, request.maxBytes, who)
  }

  return {
    who,
    get,
    async getJson(request) {
      const body = await get(request)
      try {
        return parseJson(body, who)
      } finally {
        body.fill(0)
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new LocketError('internal', `${who} is closed`))
      await sockets?.close()
    },
  }
}

/** Fails as the signal was aborted, if it was. */
export function throwIfAborted(who: string, signal: AbortSignal): void {
  if (signal.aborted) throw abortError(who, signal.reason)
}

function nameServer({ provider, baseUrl }: HttpOptions): string {
  const { origin, pathname } = new URL(baseUrl)
  return `${provider} at ${origin}${pathname === '/' ? '' : pathname}`
}

/** The connection of a body that is not read cannot be used again: a short one is worth reading. */
async function discard(response: Response): Promise<void> {
  try {
    const body = await readBody(response, 64 * 1024, '')
    body.fill(0)
  } catch {
    // The status is known, and it is the better error.
  }
}

async function readBody(response: Response, maxBytes: number, who: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      size += chunk.byteLength
      chunks.push(chunk)
      // Leaving the loop cancels the body and closes its connection.
      if (size > maxBytes)
        throw new LocketError('too_large', `${who} sent more than ${maxBytes} bytes in one answer`)
    }
    const body = new Uint8Array(size)
    let offset = 0
    for (const chunk of chunks) {
      body.set(chunk, offset)
      offset += chunk.byteLength
    }
    return body
  } finally {
    for (const chunk of chunks) chunk.fill(0)
  }
}

/** The parser's own error quotes the body, so it is not kept as the cause. */
function parseJson(body: Uint8Array, who: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new LocketError('provider_protocol', `${who} sent an answer that is not JSON`, {
      hint: 'is it the right server and path?',
    })
  }
}

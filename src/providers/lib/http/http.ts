import { isLocketError, LocketError } from '../../../core/vocabulary/errors.ts'
import { retryAfterOf, statusError, transportError } from './http-errors.ts'
import { withRetries } from './retry.ts'
import { openSockets } from './sockets.ts'
import type { Sockets } from './sockets.ts'
import type { Traffic } from './traffic.ts'
import { providerError } from '../provider-error.ts'

export interface HttpOptions {
  /** In messages: the instance, `op-connect` or `prod-vault`. */
  readonly provider: string
  /** As `HttpUrl` gives it: no user, no query, no slash at the end. */
  readonly baseUrl: string
  readonly maxConcurrent: number
  /** The instance's: shared with its other clients, if it talks to two servers. */
  readonly traffic: Traffic
  /** Reads the PEM text of authorities to trust; called when a connection is first made. */
  readonly caCert?: (() => Promise<string>) | undefined
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST'
  /** From the base URL on, starting with `/`, encoded. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The caller wipes it. A function is called when the request goes, once for each try. */
  readonly body?: Uint8Array<ArrayBuffer> | (() => Uint8Array<ArrayBuffer>)
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** False for what must not happen twice, like a login that uses something up. Default true. */
  readonly mayRepeat?: false
  /** What an answer that is no 2xx means to this provider; undefined: what its status means to all of them. */
  readonly explain?: (refusal: Refusal) => LocketError | undefined
}

/** An answer that is no 2xx. None of its text may go into a message. */
export interface Refusal {
  readonly status: number
  readonly headers: Headers
  /** Undefined when the body is no JSON, or too long for a refusal. */
  readonly body: unknown
}

/** Requests to one server, connections kept. Every failure is a LocketError without body, token or URL credentials. */
export interface HttpClient extends AsyncDisposable {
  /** `op-connect at http://host:8080`, for messages. */
  readonly who: string
  /** The body of a 2xx answer; its receiver owns it and wipes it. No redirect is followed. */
  send(request: HttpRequest): Promise<Uint8Array>
  /** The same, read as JSON. */
  sendJson(request: HttpRequest): Promise<unknown>
}

const MAX_REFUSAL_BYTES = 64 * 1024

/** No I/O before the first request. After dispose every request fails as `internal`. */
export function createHttpClient(options: HttpOptions): HttpClient {
  const { baseUrl, maxConcurrent, traffic } = options
  const who = nameServer(options)
  const closing = new AbortController()
  let sockets: Promise<Sockets> | undefined

  async function send(request: HttpRequest): Promise<Uint8Array> {
    const signal = AbortSignal.any([request.signal, closing.signal])
    const attempt = async (sent: () => unknown) => {
      // What is wrong with a file of ours is no request.
      const { dispatcher } = await (sockets ??= connect())
      return traffic.run(() => {
        sent()
        return sendOnce(request, signal, dispatcher).catch((thrown: unknown) => {
          throw transportError(who, thrown, signal)
        })
      }, signal)
    }
    try {
      return request.mayRepeat === false
        ? await attempt(ignore)
        : await withRetries(attempt, traffic.clock, signal)
    } catch (thrown) {
      // A last failure says more than the deadline that ended the wait after it.
      throw isLocketError(thrown) && thrown !== signal.reason ? thrown : transportError(who, thrown, signal)
    }
  }

  async function sendOnce(
    request: HttpRequest,
    signal: AbortSignal,
    dispatcher: Sockets['dispatcher'],
  ): Promise<Uint8Array> {
    const response = await fetch(baseUrl + request.path, {
      method: request.method ?? 'GET',
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'locket', ...request.headers },
      redirect: 'manual',
      signal,
      ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    })
    if (response.ok) return readBody(response, request.maxBytes, who)
    throw await refusalError(response, request)
  }

  async function connect(): Promise<Sockets> {
    try {
      return openSockets(maxConcurrent, await options.caCert?.())
    } catch (thrown) {
      // A file that is not there now may be there for the next request.
      sockets = undefined
      throw thrown
    }
  }

  async function refusalError(response: Response, { explain }: HttpRequest): Promise<LocketError> {
    const { status, headers } = response
    const body = await readRefusal(response)
    const retryAfterMs = retryAfterOf(headers.get('retry-after'), traffic.clock.now())
    return explain?.({ status, headers, body }) ?? statusError(who, status, retryAfterMs)
  }

  return {
    who,
    send,
    async sendJson(request) {
      const body = await send(request)
      try {
        return parseJson(body, who)
      } finally {
        body.fill(0)
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(providerError('internal', `${who} is closed`))
      await (await sockets?.catch(() => undefined))?.close()
    },
  }
}

function bodyOf(body: NonNullable<HttpRequest['body']>): Uint8Array<ArrayBuffer> {
  return typeof body === 'function' ? body() : body
}

function nameServer({ provider, baseUrl }: HttpOptions): string {
  const { origin, pathname } = new URL(baseUrl)
  return `${provider} at ${origin}${pathname === '/' ? '' : pathname}`
}

/** The connection of a body that is not read cannot be used again; and the body may tell what the status does not. */
async function readRefusal(response: Response): Promise<unknown> {
  try {
    const body = await readBody(response, MAX_REFUSAL_BYTES, '')
    try {
      return parseJson(body, '')
    } finally {
      body.fill(0)
    }
  } catch {
    // The status is known, and it is the better error.
    return undefined
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
        throw providerError('too_large', `${who} sent more than ${maxBytes} bytes in one answer`)
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
    throw providerError('provider_protocol', `${who} sent an answer that is not JSON`, {
      hint: 'is it the right server and path?',
    })
  }
}

function ignore(): void {}

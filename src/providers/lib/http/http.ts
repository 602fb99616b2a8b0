import type { IncomingMessage } from 'node:http'
import { isLocketError, LocketError } from '../../../core/vocabulary/errors.ts'
import { chooseProxy, type Proxy, type ProxyEnvironment } from '../proxy/choose-proxy.ts'
import { proxyStatusError } from '../proxy/proxy-errors.ts'
import { hostAndPort, openConnections, type Connections } from './connections.ts'
import { retryAfterOf, statusError, transportError } from './http-errors.ts'
import { readJson, USUAL_JSON_BYTES } from './json.ts'
import { withRetries } from './retry.ts'
import type { Traffic } from './traffic.ts'
import { providerError } from '../provider-error.ts'

export interface HttpOptions {
  /** In messages: the instance, `op-connect` or `prod-vault`. */
  readonly provider: string
  /** As `HttpUrl` gives it: no user, no query, no slash at the end. */
  readonly baseUrl: string
  readonly maxConcurrent: number
  /** Every request passes it. */
  readonly traffic: Traffic
  /** Reads the PEM text of authorities to trust; called when a connection is first made. */
  readonly caCert?: (() => Promise<string>) | undefined
  /** The proxy variables; left out: no proxy, as for addresses of this machine or its host. */
  readonly env?: ProxyEnvironment | undefined
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT'
  /** From the base URL on, starting with `/`, encoded. */
  readonly path: string
  /**
   * A function is called once for each try, with the body that goes: a signature holds the time and the body.
   */
  readonly headers: HttpHeaders | ((body: Uint8Array | undefined) => HttpHeaders)
  /** The caller wipes it. A function is called when the request goes, once for each try. */
  readonly body?: Uint8Array<ArrayBuffer> | (() => Uint8Array<ArrayBuffer>)
  /** The limit of the answer's body; 1 MiB when left out. */
  readonly maxBytes?: number
  /** The limit of values in a JSON answer, see `USUAL_JSON_VALUES`. */
  readonly maxValues?: number
  readonly signal: AbortSignal
  /** False for what must not happen twice, like a login that uses something up. Default true. */
  readonly mayRepeat?: false
  /** The meaning of a status that is not 2xx to this provider; undefined: what it means to all of them. */
  readonly explain?: (refusal: Refusal) => LocketError | undefined
}

export type HttpHeaders = Readonly<Record<string, string>>

/** An answer with a status that is not 2xx. None of its text may go into a message. */
export interface Refusal {
  readonly status: number
  /** The value of a header, by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** Undefined when the body is not JSON, or too long for a refusal. */
  readonly body: unknown
}

/**
 * Requests to one server, connections kept. Every failure is a LocketError without body, token or URL
 * credentials.
 */
export interface HttpClient extends AsyncDisposable {
  /** `op-connect at http://host:8080`, for messages. */
  readonly who: string
  /**
   * Resolves with the body of a 2xx answer; the receiver owns and wipes it. Does not follow redirects.
   * Rejects with the error of the status or of the connection, `too_large`, `timeout`, `aborted`, or `config`
   * for a bad proxy.
   */
  send(request: HttpRequest): Promise<Uint8Array>
  /**
   * Like `send`, and reads the body as JSON. Rejects with `provider_protocol` or `too_large` if it cannot.
   */
  sendJson(request: HttpRequest): Promise<unknown>
  /**
   * Returns a client for another server, closed with this one: same traffic, authorities and proxy variables.
   */
  at(baseUrl: string): HttpClient
}

const MAX_REFUSAL_BYTES = 64 * 1024

/**
 * Makes a client. There is no I/O before the first request. After dispose every request fails as `internal`.
 */
export function createHttpClient(options: HttpOptions): HttpClient {
  const { baseUrl, maxConcurrent, traffic } = options
  const server = new URL(baseUrl)
  const prefix = server.pathname === '/' ? '' : server.pathname
  const who = `${options.provider} at ${server.origin}${prefix}`
  const closing = new AbortController()
  const others: HttpClient[] = []
  let opened: Promise<Opened> | undefined

  async function send(request: HttpRequest): Promise<Uint8Array> {
    const signal = AbortSignal.any([request.signal, closing.signal])
    const attempt = async (sent: () => unknown) => {
      // A file of ours that cannot be read is not a failure of the server, so it does not pass the traffic.
      const connected = await (opened ??= open())
      return traffic.run(() => {
        sent()
        return sendOnce(request, signal, connected)
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
    { connections, proxy }: Opened,
  ): Promise<Uint8Array> {
    const way = proxy === undefined ? who : `${who}, by ${proxy.who},`
    try {
      const answer = await exchange(request, signal, connections)
      const { statusCode: status = 0 } = answer
      if (status >= 200 && status < 300)
        return await readBody(answer, request.maxBytes ?? USUAL_JSON_BYTES, who)
      if (proxy !== undefined && status === 407) {
        answer.destroy()
        throw proxyStatusError(proxy, hostAndPort(server), status)
      }
      throw await refusalError(answer, request, status >= 502 ? way : who)
    } catch (thrown) {
      throw transportError(way, thrown, signal)
    }
  }

  /** Sends the request; resolves with the answer when its headers are there. */
  async function exchange(
    { method = 'GET', path, headers, body }: HttpRequest,
    signal: AbortSignal,
    connections: Connections,
  ): Promise<IncomingMessage> {
    const bytes = typeof body === 'function' ? body() : body
    const own = typeof headers === 'function' ? headers(bytes) : headers
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const asked = connections.request({
      method,
      path: prefix + path,
      headers: { ...USUAL_HEADERS, ...own },
      signal,
    })
    asked.once('response', resolve)
    // It stays: Node may report more than one error, also after the answer.
    asked.on('error', reject)
    asked.once('close', () => reject(new Error('closed without an answer')))
    asked.end(bytes)
    return promise
  }

  async function open(): Promise<Opened> {
    try {
      const proxy = options.env === undefined ? undefined : await chooseProxy(server, options.env)
      const caCert = await options.caCert?.()
      const { clock } = traffic
      return { proxy, connections: await openConnections({ server, maxConcurrent, caCert, proxy, clock }) }
    } catch (thrown) {
      // A file that is not there now may be there for the next request.
      opened = undefined
      throw thrown
    }
  }

  async function refusalError(
    answer: IncomingMessage,
    { explain }: HttpRequest,
    named: string,
  ): Promise<LocketError> {
    const { statusCode: status = 0 } = answer
    const header = (name: string) => headerOf(answer, name)
    const body = await readRefusal(answer)
    const retryAfterMs = retryAfterOf(header('retry-after'), traffic.clock.now())
    return explain?.({ status, header, body }) ?? statusError(named, status, retryAfterMs)
  }

  return {
    who,
    send,
    async sendJson(request) {
      const body = await send(request)
      try {
        return readJson(body, { who, maxValues: request.maxValues })
      } finally {
        body.fill(0)
      }
    },
    at(otherUrl) {
      const other = createHttpClient({ ...options, baseUrl: otherUrl })
      others.push(other)
      return other
    },
    async [Symbol.asyncDispose]() {
      closing.abort(providerError('internal', `${who} is closed`))
      await Promise.all(others.map((other) => other[Symbol.asyncDispose]()))
      const known = await opened?.catch(() => undefined)
      known?.connections.close()
    },
  }
}

interface Opened {
  readonly connections: Connections
  readonly proxy: Proxy | undefined
}

const USUAL_HEADERS: HttpHeaders = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'locket' }

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/** Reads the body even where nobody wants it: without that its connection cannot be used again. */
async function readRefusal(answer: IncomingMessage): Promise<unknown> {
  try {
    const body = await readBody(answer, MAX_REFUSAL_BYTES, '')
    try {
      return readJson(body, { who: '' })
    } finally {
      body.fill(0)
    }
  } catch {
    // The status is known, and it is the better error.
    return undefined
  }
}

async function readBody(answer: IncomingMessage, maxBytes: number, who: string): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.byteLength
      chunks.push(chunk)
      // Leaving the loop destroys the answer and closes its connection.
      if (size > maxBytes)
        throw providerError('too_large', `${who} sent more than ${maxBytes} bytes in one answer`)
    }
    const encoding = headerOf(answer, 'content-encoding') ?? 'identity'
    if (size > 0 && encoding !== 'identity')
      throw providerError(
        'provider_protocol',
        `${who} sent a compressed answer, which locket did not ask for`,
        {
          hint: 'a proxy in front of the server must not compress what asks for identity',
        },
      )
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

function ignore(): void {}

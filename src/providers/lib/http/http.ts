import type { IncomingMessage } from 'node:http'
import { isLocketError, LocketError } from '../../../core/vocabulary/errors.ts'
import { keepPatience } from '../../../core/waiting/patience.ts'
import { chooseProxy, type Proxy, type ProxyEnvironment } from '../proxy/choose-proxy.ts'
import { proxyStatusError } from '../proxy/proxy-errors.ts'
import { hostAndPort, openConnections, type Connections } from './connections.ts'
import { headerOf, readBody, readRefusal } from './body.ts'
import { retryAfterOf, statusError, transportError } from './http-errors.ts'
import { readJson, USUAL_JSON_BYTES } from './json.ts'
import { withRetries } from './retry.ts'
import type { Traffic } from './traffic.ts'
import { loadSchemas } from '../answers/late-schema.ts'
import { providerError } from '../provider-error.ts'

/** The options of `createHttpClient`. */
interface HttpOptions {
  /** The name of the instance, for messages: `op-connect` or `prod-vault`. */
  readonly provider: string
  /** The address of the server as `HttpUrl` parses it: without user, query and slash at the end. */
  readonly baseUrl: string
  readonly maxConcurrent: number
  /** The gate that every request passes. */
  readonly traffic: Traffic
  /** Reads the PEM text of authorities to trust. It is called when a connection is first made. */
  readonly caCert?: (() => Promise<string>) | undefined
  /**
   * The environment with its proxy variables. Left out: no proxy is used, as for addresses of this machine or
   * its host.
   */
  readonly env?: ProxyEnvironment | undefined
  /** PEM text of the only authorities to trust, in place of those of Node. */
  readonly onlyCa?: string | undefined
  /** The Unix socket of the server, which is then not reached by the address. */
  readonly socketPath?: string | undefined
}

/** A request to one server. */
export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT'
  /** The encoded path after the base URL. It starts with `/`. */
  readonly path: string
  /**
   * The headers. A function is called once for each try with the body, because a signature depends on the
   * time and the body.
   */
  readonly headers: HttpHeaders | ((body: Uint8Array | undefined) => HttpHeaders)
  /** The body, which the caller must wipe. A function is called once for each try, when the request goes. */
  readonly body?: Uint8Array<ArrayBuffer> | (() => Uint8Array<ArrayBuffer>)
  /** The largest body of the answer in bytes; left out: 1 MiB. */
  readonly maxBytes?: number
  /** The largest number of values in a JSON answer; left out: `USUAL_JSON_VALUES`. */
  readonly maxValues?: number
  readonly signal: AbortSignal
  /** False for a request that must not be repeated, such as a login that uses a quota up. Default true. */
  readonly mayRepeat?: false
  /** Returns the error for a refusal of this provider; undefined: the status has its usual meaning. */
  readonly explain?: (refusal: Refusal) => LocketError | undefined
  /**
   * Checks a 2xx answer of a server that signs, and returns the body to hand out: another one if it was
   * encrypted. It owns the body that it replaces. A LocketError that it throws is that of the request.
   */
  readonly verify?: (answer: Pick<Refusal, 'status' | 'header'>, body: Uint8Array) => Uint8Array
}

/** Headers by name. */
type HttpHeaders = Readonly<Record<string, string>>

/** An answer with a status that is not 2xx. Its text must not go into a message. */
export interface Refusal {
  readonly status: number
  /** Returns the value of a header by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** The body as JSON. Undefined: it is not JSON, or longer than 64 KiB. */
  readonly body: unknown
}

/**
 * Sends requests to one server and keeps its connections. Every failure is a LocketError without body, token
 * or URL credentials.
 */
export interface HttpClient extends AsyncDisposable {
  /** The server, for messages: `op-connect at http://host:8080`. */
  readonly who: string
  /**
   * Resolves with the body of a 2xx answer; the caller owns it and must wipe it. Does not follow redirects.
   * Rejects with the error of the status or of the connection, `too_large`, `timeout`, `aborted`, or `config`
   * for a bad proxy.
   */
  send(request: HttpRequest): Promise<Uint8Array>
  /**
   * Sends a request and resolves with the JSON of its body. Rejects as `send` does, and with
   * `provider_protocol` or `too_large` for a body that `readJson` refuses.
   */
  sendJson(request: HttpRequest): Promise<unknown>
  /**
   * Returns a client for another server with the same traffic, authorities and proxy variables. It is closed
   * together with this client.
   */
  at(baseUrl: string): HttpClient
}

/**
 * Makes a client. It does no I/O before the first request. After dispose every request fails as `internal`.
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
    const signal = keepPatience(request.signal, AbortSignal.any([request.signal, closing.signal]))
    const attempt = async (sent: () => unknown) => {
      // An authority file that cannot be read is not a failure of the server, so it is read outside the
      // traffic.
      const connected = await (opened ??= open())
      return traffic.run((turn) => {
        sent()
        return sendOnce(request, turn, connected)
      }, signal)
    }
    try {
      return request.mayRepeat === false
        ? await attempt(ignore)
        : await withRetries(attempt, traffic.clock, signal)
    } catch (thrown) {
      // The last failure is more useful than the deadline that ended the wait after it.
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
      traffic.noteDate(headerOf(answer, 'date'))
      if (status >= 200 && status < 300) {
        const body = await readBody(answer, request.maxBytes ?? USUAL_JSON_BYTES, who)
        await loadSchemas()
        return request.verify?.({ status, header: (name) => headerOf(answer, name) }, body) ?? body
      }
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
    // The server works now. Who reads its answer awaits the loading, and gets its failure.
    asked.once('finish', () => void loadSchemas().catch(ignore))
    // This listener stays: Node may report more than one error, also after the answer.
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
      const { onlyCa, socketPath } = options
      const given = { server, maxConcurrent, caCert, onlyCa, socketPath, proxy, clock }
      return { proxy, connections: await openConnections(given) }
    } catch (thrown) {
      // A missing file may exist at the next request.
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
    if (explain !== undefined) await loadSchemas()
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

function ignore(): void {}

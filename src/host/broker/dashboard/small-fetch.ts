import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { errnoOf, LocketError } from '../../../core/vocabulary/errors.ts'
import type { ProxyFor } from '../workload/fetch-json.ts'
import { systemReason } from '../../../core/vocabulary/system-errors.ts'

/** The largest answer in bytes: the keys and the description of a login service have some 10 KiB. */
const MOST_BYTES = 512 * 1024

/** The parts of a request that the library of the login makes. */
interface FetchOptions {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/**
 * Returns a function with the shape of `fetch`, with limits, with authorities of the operator, and through
 * the proxy of the environment. It follows no redirect. Rejects with `unavailable`.
 */
export function createSmallFetch(
  ca: string | undefined,
  proxyFor: ProxyFor,
): (url: string, options: FetchOptions) => Promise<Response> {
  const plainAgent = new PlainAgent()
  return async (url, { method, headers, body, signal }) => {
    const to = new URL(url)
    const proxyEnv = await proxyFor(to)
    const agent = new Agent({ ...(ca === undefined ? {} : { ca }), proxyEnv })
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const common = { method, headers, ...(signal === undefined ? {} : { signal }) }
    // Without TLS it is a port of this host, as the setting asks for.
    const sent =
      to.protocol === 'https:'
        ? request(to, { ...common, agent })
        : plainRequest(to, { ...common, agent: plainAgent })
    sent.once('response', resolve)
    sent.once('error', reject)
    sent.end(bodyOf(body))
    try {
      const response = await promise
      const bytes = await readAll(response)
      const status = response.statusCode ?? 0
      const type = response.headers['content-type']
      const isEmpty = status === 204 || status === 304
      return new Response(isEmpty ? null : bytes, {
        status: status < 200 ? 502 : status,
        headers: type === undefined ? {} : { 'content-type': type },
      })
    } catch (thrown) {
      if (thrown instanceof LocketError) throw thrown
      throw new LocketError('unavailable', `the login service ${to.host} does not answer`, {
        hint: systemReason(errnoOf(thrown)),
        cause: thrown,
      })
    } finally {
      agent.destroy()
    }
  }
}

function bodyOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new LocketError('internal', 'the body of a request to the login service is not a text')
}

async function readAll(response: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MOST_BYTES) {
      response.destroy()
      throw new LocketError('unavailable', 'the login service sends too large an answer')
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

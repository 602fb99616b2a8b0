import { createServer, type RequestListener, type Server } from 'node:http'
import type { Clock } from '../core/ports/clock.ts'
import { refuseLateRequests } from './late-requests.ts'
import { watchUnsent } from './unsent-requests.ts'

/**
 * Milliseconds for a whole request to arrive. The engine sends a request in one piece; the answer may take
 * longer.
 */
const REQUEST_TIMEOUT_MS = 10_000
/** Milliseconds for which a connection without a request stays open, as in fastify. */
const KEEP_ALIVE_MS = 72_000
/** Longest interval of a timer. */
const NEVER_MS = 2 ** 31 - 1

/** An HTTP server that can listen before the code that answers requests is loaded. */
export interface EarlyServer {
  readonly server: Server
  /** Gives all requests to `handler`, also those that have waited for it. */
  readonly serve: (handler: RequestListener) => void
}

/** Opens the server. Its requests wait until `serve` is called. */
export function openEarlyServer(clock: Clock): EarlyServer {
  const { promise, resolve } = Promise.withResolvers<RequestListener>()
  let serving: RequestListener = (request, response) =>
    void promise.then((handler) => handler(request, response))
  const server = createServer(
    {
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: NEVER_MS,
    },
    (request, response) => serving(request, response),
  )
  watchUnsent(server)
  refuseLateRequests(server, clock, REQUEST_TIMEOUT_MS)
  return {
    server,
    serve(handler) {
      serving = handler
      resolve(handler)
    },
  }
}

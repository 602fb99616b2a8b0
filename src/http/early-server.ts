import { createServer, type RequestListener, type Server } from 'node:http'

/**
 * Milliseconds for a whole request to arrive. The engine sends a request in one piece; the answer may take
 * longer.
 */
const REQUEST_TIMEOUT_MS = 10_000
/** Milliseconds for which a connection without a request stays open, as in fastify. */
const KEEP_ALIVE_MS = 72_000

/** An HTTP server that can listen before the code that answers requests is loaded. */
export interface EarlyServer {
  readonly server: Server
  /** Gives all requests to `handler`, also those that have waited for it. */
  readonly serve: (handler: RequestListener) => void
}

/** Opens the server. Its requests wait until `serve` is called. */
export function openEarlyServer(): EarlyServer {
  const { promise, resolve } = Promise.withResolvers<RequestListener>()
  let serving: RequestListener = (request, response) =>
    void promise.then((handler) => handler(request, response))
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => serving(request, response),
  )
  return {
    server,
    serve(handler) {
      serving = handler
      resolve(handler)
    },
  }
}

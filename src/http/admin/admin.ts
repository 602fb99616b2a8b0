import type { FastifyInstance, FastifyReply } from 'fastify'
import { dryRun, refreshByHand, releaseByHand } from '../../app/admin/by-hand.ts'
import type { Counts } from '../../app/admin/metrics/counts.ts'
import { daemonReport } from '../../app/admin/report.ts'
import type { Driver } from '../../app/volume/driver.ts'
import { LocketError, toLocketError, type ErrorCode } from '../../core/vocabulary/errors.ts'
import { plainServer, reportBug } from '../server.ts'
import { ReleaseBody, VolumeBody, parseRequest } from './messages.ts'

/** A request holds the name of a volume and an ID. */
const BODY_LIMIT_BYTES = 16 * 1024
/** The calls of one operator, and of what scrapes metrics. */
const MOST_CONNECTIONS = 32

const STATUS_CODES: Partial<Record<ErrorCode, number>> = { internal: 500, volume_not_found: 404, usage: 400 }
/** The status of every other failure: the request is right, and the daemon cannot do it now. */
const CANNOT = 422

/** Makes the server of the admin socket: status, metrics, and the calls of `locket volume refresh`. */
export function adminServer(driver: Driver, counts: Counts): FastifyInstance {
  const server = openServer(driver)
  addMetrics(server, driver, counts)
  server.get('/status', () => daemonReport(driver))
  server.post('/volumes/refresh', async ({ body }, reply) => {
    const { name } = parseRequest(VolumeBody, body)
    return await refreshByHand(driver, name, hangUpSignal(reply))
  })
  server.post('/volumes/render', async ({ body }, reply) => {
    const { name } = parseRequest(VolumeBody, body)
    return await dryRun(driver, name, hangUpSignal(reply))
  })
  server.post('/volumes/release', async ({ body }) => {
    const { name, id } = parseRequest(ReleaseBody, body)
    return await releaseByHand(driver, name, id)
  })
  return server
}

/** Makes the server of the address for metrics, which answers nothing else. */
export function metricsServer(driver: Driver, counts: Counts): FastifyInstance {
  const server = openServer(driver)
  addMetrics(server, driver, counts)
  return server
}

function openServer({ emit, clock }: Driver): FastifyInstance {
  const server = plainServer(clock, BODY_LIMIT_BYTES)
  server.server.maxConnections = MOST_CONNECTIONS
  server.setErrorHandler(async (thrown, request, reply) => {
    const error = refusalOf(thrown) ?? toLocketError(thrown)
    reportBug(emit, request.url, error)
    const { code, message, hint } = error
    return reply.code(STATUS_CODES[code] ?? CANNOT).send({ code, message, hint })
  })
  server.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ code: 'usage', message: 'the daemon does not know this call' }),
  )
  return server
}

function addMetrics(server: FastifyInstance, driver: Driver, counts: Counts): void {
  server.get('/metrics', async (_request, reply) => {
    // Nothing of the metrics is loaded before somebody asks for them.
    const { metricsText } = await import('./metrics.ts')
    const { type, text } = await metricsText(driver, counts)
    return reply.type(type).send(text)
  })
}

/** Rewords the refusals of fastify itself, such as a body that is too large. */
function refusalOf(thrown: unknown): LocketError | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_')) return undefined
  return new LocketError('usage', `the request is not understood: ${code}`)
}

/** Aborts when the caller hangs up before the answer is written. */
function hangUpSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      controller.abort(new LocketError('aborted', 'the caller hung up before the answer'))
  })
  return controller.signal
}

import { request, type IncomingMessage } from 'node:http'
import type { Clock } from '../../core/ports/clock.ts'
import { errnoOf, isLocketError, LocketError, onOneLine } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { formatDuration } from '../../core/text/units.ts'

/** One request to the engine. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With the query. Without a version: the engine then speaks its own newest one. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object
  readonly timeoutMs: number
}

/** The answer to it. */
export interface EngineAnswer {
  readonly status: number
  readonly text: string
}

/** Bytes. A list of some thousand containers has as many. */
const LARGEST_ANSWER = 8 * 1024 * 1024

/**
 * Sends one request over the engine's socket, on a connection of its own. Rejects with `unavailable`,
 * `timeout`, `denied`, `too_large` or `provider_protocol`, and with the reason of `signal` when that aborts.
 */
export async function exchange(
  socketPath: string,
  wanted: EngineRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<EngineAnswer> {
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  const late = new LocketError(
    'timeout',
    `the Docker Engine did not answer within ${formatDuration(wanted.timeoutMs)}`,
  )
  clock.sleep(wanted.timeoutMs, either).then(
    () => ended.abort(late),
    () => undefined,
  )
  try {
    const answer = await send(socketPath, wanted, either)
    return { status: answer.statusCode ?? 0, text: await textOf(answer) }
  } catch (thrown) {
    signal.throwIfAborted()
    throw ended.signal.aborted ? late : exchangeError(socketPath, thrown)
  } finally {
    ended.abort(late)
  }
}

function send(socketPath: string, wanted: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, path, body } = wanted
  const text = body === undefined ? '' : JSON.stringify(body)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = request(
    {
      socketPath,
      path,
      method,
      agent: false,
      signal,
      headers: {
        Host: 'docker',
        Connection: 'close',
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
      },
    },
    resolve,
  )
  sent.on('error', reject)
  sent.end(text)
  return promise
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    // Leaving the loop destroys the answer and closes its connection.
    if (size > LARGEST_ANSWER) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function tooLarge(): LocketError {
  return new LocketError(
    'too_large',
    `the Docker Engine sent more than ${LARGEST_ANSWER} bytes in one answer`,
  )
}

function exchangeError(socketPath: string, thrown: unknown): LocketError {
  if (isLocketError(thrown)) return thrown
  const errno = errnoOf(thrown)
  const isRefused = errno === 'EACCES' || errno === 'EPERM'
  // Codes of the parser begin with HPE_, and are not those of the system.
  if (isParserError(thrown))
    return new LocketError('provider_protocol', 'the Docker Engine answered something that is not HTTP')
  return new LocketError(
    isRefused ? 'denied' : 'unavailable',
    `the Docker Engine cannot be reached at ${onOneLine(socketPath)}: ${systemReason(errno)}`,
    { cause: thrown },
  )
}

function isParserError(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('HPE_')
}

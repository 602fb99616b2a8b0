import http from 'node:http'
import type { z } from 'zod'
import type { DryRun, Refreshed, Released } from '../../app/admin/by-hand.ts'
import type { DaemonReport } from '../../app/admin/report.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { FailureAnswer, RefreshAnswer, ReleaseAnswer, RenderAnswer, StatusAnswer } from './messages.ts'

/** A daemon behind its admin socket. Every call rejects with the error of the daemon. */
export interface AdminClient {
  /** The path of the socket. */
  readonly socket: string
  status(signal: AbortSignal): Promise<DaemonReport>
  refresh(name: string, signal: AbortSignal): Promise<Refreshed>
  dryRun(name: string, signal: AbortSignal): Promise<DryRun>
  release(name: string, id: string | undefined, signal: AbortSignal): Promise<Released>
}

/** Longer than a Mount may take. */
const LONGEST_MS = 150_000
/** Much more than the status of a thousand volumes. */
const MOST_BYTES = 64 * 1024 * 1024

/** Returns a client. It connects with each call. */
export function adminClient(socket: string): AdminClient {
  async function call<T>(path: string, body: unknown, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const { status, text } = await exchange(socket, path, body, signal)
    const parsed = status === 200 ? schema.safeParse(jsonOf(text)) : undefined
    if (parsed?.success === true) return parsed.data
    const failure = FailureAnswer.safeParse(jsonOf(text))
    if (status === 200 || !failure.success) throw unreadable(socket)
    const { code, message, hint } = failure.data
    throw new LocketError(code, message, { hint })
  }
  return {
    socket,
    status: (signal) => call('/status', undefined, StatusAnswer, signal),
    refresh: (name, signal) => call('/volumes/refresh', { name }, RefreshAnswer, signal),
    dryRun: (name, signal) => call('/volumes/render', { name }, RenderAnswer, signal),
    release: (name, id, signal) => call('/volumes/release', { name, id }, ReleaseAnswer, signal),
  }
}

interface Exchanged {
  readonly status: number
  readonly text: string
}

/** Sends one request: a GET without a body. Rejects with `unavailable`, `denied` or `timeout`. */
async function exchange(
  socketPath: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>()
  const method = body === undefined ? 'GET' : 'POST'
  const request = http.request({ socketPath, path, method, signal, timeout: LONGEST_MS, agent: false })
  request.on('timeout', () =>
    request.destroy(new LocketError('timeout', `the daemon at ${socketPath} did not answer in time`)),
  )
  request.on('error', (error) => reject(signal.aborted ? signal.reason : connectError(socketPath, error)))
  request.on('response', (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) request.destroy(unreadable(socketPath))
      else chunks.push(chunk)
    })
    response.on('error', reject)
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
    )
  })
  request.end(body === undefined ? undefined : JSON.stringify(body))
  return await promise
}

function connectError(socketPath: string, error: Error): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  if (errno === 'EACCES' || errno === 'EPERM')
    return new LocketError('denied', `${socketPath} is for root only`, {
      hint: 'run the command as root, for example with sudo',
      cause: error,
    })
  const reason = `no daemon answers at ${socketPath}: ${systemReason(errno)}`
  return new LocketError('unavailable', reason, { cause: error })
}

function unreadable(socket: string): LocketError {
  return new LocketError('provider_protocol', `the answer of the daemon at ${socket} cannot be read`, {
    hint: 'use the same version of locket on both sides',
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

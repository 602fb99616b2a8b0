import { readFile } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import type { BrokerAddress } from '../../core/broker/broker-address.ts'
import { ERROR_KINDS, errnoOf, LocketError, onOneLine, type ErrorCode } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'

/** Where the admin API of this host's broker is. */
export interface AdminPlace {
  readonly stateDir: string
  readonly adminListen?: BrokerAddress | undefined
}

/** One call of the admin API. */
export interface AdminCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** Calls the admin API. Resolves with the body of the answer; rejects with the broker's error. */
type CallAdmin = (call: AdminCall) => Promise<Uint8Array>

const ANSWER_MS = 30_000
const MOST_BYTES = 64 * 1024 * 1024

/**
 * Resolves with the function that calls the broker of this host. Rejects with `config` or `io` without its
 * token.
 */
export async function openAdminCall(
  { stateDir, adminListen }: AdminPlace,
  signal: AbortSignal,
): Promise<CallAdmin> {
  const tokenFile = join(stateDir, 'admin-token')
  const token = (
    await readFile(tokenFile, 'latin1').catch((thrown: unknown) => {
      throw new LocketError('io', `cannot read ${tokenFile}: ${systemReason(errnoOf(thrown))}`, {
        cause: thrown,
        hint: 'run this on the host of the broker, as its user, with the --config or the --broker-dir of locket serve',
      })
    })
  ).trim()
  const at = adminListen ?? { kind: 'socket', path: join(stateDir, 'admin.sock') }
  const to: RequestOptions =
    at.kind === 'socket' ? { socketPath: at.path } : { host: at.host ?? '127.0.0.1', port: at.port }
  const who = `the broker at ${at.kind === 'socket' ? at.path : `${at.host ?? ''}:${at.port}`}`

  return async ({ method, path, body }) => {
    const headers = { authorization: `Bearer ${token}`, host: 'localhost' }
    const text = body === undefined ? undefined : JSON.stringify(body)
    const both = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const { status, bytes } = await send({ ...to, method, path, headers, signal: both }, text).catch(
      (thrown: unknown) => {
        signal.throwIfAborted()
        throw new LocketError('unavailable', `${who} does not answer: ${systemReason(errnoOf(thrown))}`, {
          cause: thrown,
          hint: 'does locket serve run, with the same --admin-listen and --broker-dir?',
        })
      },
    )
    if (status === 200) return bytes
    throw refusal(who, status, bytes)
  }
}

/** A broker of this host is trusted, so its sentence is shown. */
function refusal(who: string, status: number, bytes: Uint8Array): LocketError {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(bytes)) as {
      error: { code: string; reason: string }
    }
    const code = Object.hasOwn(ERROR_KINDS, error.code) ? (error.code as ErrorCode) : 'unavailable'
    return new LocketError(code, onOneLine(error.reason).slice(0, 500))
  } catch {
    return new LocketError('provider_protocol', `${who} has answered with status ${status}`)
  }
}

function send(
  options: RequestOptions,
  body: string | undefined,
): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; bytes: Uint8Array }>()
  const asked = request(options, (answer) => {
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size > MOST_BYTES) answer.destroy(new Error('too large'))
      else chunks.push(chunk)
    })
    answer.on('error', reject)
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks) }))
  })
  asked.on('error', reject)
  asked.end(body)
  return promise
}

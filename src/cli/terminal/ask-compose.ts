import { openDeadline } from '../../app/render/deadline.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'
import type { CommandContext } from '../define.ts'

/** Compose answers from its memory. The limit leaves room for a machine that is very busy. */
const ANSWER_MS = 10_000
const NEWLINE = 10

/** A question to the Compose that started this process. */
interface Question {
  /** The type of the message: `get-service-config`. */
  readonly type: string
  readonly maxBytes: number
}

/** The two ways between Compose and this process. */
interface Channel {
  readonly stdin: Pick<CommandContext['stdin'], 'iterator'> & { destroy(): unknown }
  readonly stdout: Pick<CommandContext['stdout'], 'write'>
  readonly signal: AbortSignal
}

/**
 * Sends the message and returns the line that Compose writes to standard input, without its end. The caller
 * must wipe it. Closes standard input. Rejects with `timeout` after 10 s, `too_large`, `provider_protocol`
 * when the input ends first, or the signal's reason.
 */
export async function askCompose(
  { type, maxBytes }: Question,
  { stdin, stdout, signal }: Channel,
  clock: Clock,
): Promise<Buffer> {
  using deadline = openDeadline(ANSWER_MS, clock, signal)
  const late = () => (signal.aborted ? signal.reason : unanswered(type))
  stdout.write(`${JSON.stringify({ type })}\n`)
  try {
    return await unlessAborted(() => lineOf(stdin, type, maxBytes), deadline.signal, late)
  } finally {
    // Reading must not keep the process alive.
    stdin.destroy()
  }
}

async function lineOf(stdin: Channel['stdin'], type: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new LocketError('internal', 'standard input gave text')
      const end = chunk.indexOf(NEWLINE)
      chunks.push(end === -1 ? chunk : chunk.subarray(0, end))
      total += end === -1 ? chunk.length : end
      if (total > maxBytes)
        throw new LocketError('too_large', `Docker Compose answered ${type} with more than ${maxBytes} bytes`)
      if (end !== -1) return Buffer.concat(chunks, total)
    }
  } finally {
    for (const chunk of chunks) chunk.fill(0)
  }
  throw new LocketError(
    'provider_protocol',
    `Docker Compose announced ${type} and closed standard input without a whole answer`,
  )
}

function unanswered(type: string): LocketError {
  return new LocketError(
    'timeout',
    `Docker Compose announced ${type} and did not answer it within ${ANSWER_MS / 1000} s`,
    { hint: 'Compose sets COMPOSE_PROVIDER_MESSAGES itself: unset it if your shell sets it' },
  )
}

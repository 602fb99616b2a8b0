import type { FastifyReply } from 'fastify'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** Aborted when the machine hangs up before it has its answer. */
export function signalOf(reply: FastifyReply): AbortSignal {
  return goneOf(reply).signal
}

/** As `signalOf`, and also aborted after these milliseconds. */
export function signalWithin(deadlineMs: number, reply: FastifyReply, clock: Clock): AbortSignal {
  const gone = goneOf(reply)
  const answered = new AbortController()
  reply.raw.once('close', () => answered.abort(ANSWERED))
  clock.sleep(deadlineMs, answered.signal).then(
    () => gone.abort(new LocketError('timeout', `no answer within ${deadlineMs / 1000} s`)),
    () => undefined,
  )
  return gone.signal
}

/** One for all requests: making an error for each takes longer than all the rest of a signal. */
const ANSWERED = new LocketError('aborted', 'the request is answered')

function goneOf(reply: FastifyReply): AbortController {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new LocketError('aborted', 'the machine went away'))
  })
  return gone
}

import type { FastifyReply } from 'fastify'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** Aborted when the machine hangs up before it has its answer. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new LocketError('aborted', 'the machine went away'))
  })
  return gone.signal
}

/** As `signalOf`, and also aborted after these milliseconds. */
export function signalWithin(deadlineMs: number, reply: FastifyReply, clock: Clock): AbortSignal {
  const late = new AbortController()
  const answered = new AbortController()
  reply.raw.once('close', () => answered.abort())
  clock.sleep(deadlineMs, answered.signal).then(
    () => late.abort(new LocketError('timeout', `no answer within ${deadlineMs / 1000} s`)),
    () => undefined,
  )
  return AbortSignal.any([signalOf(reply), late.signal])
}

import * as z from 'zod'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { engineRefusal } from './answers.ts'
import { exchange, type EngineAnswer, type EngineRequest } from './exchange.ts'

/** Requests to an engine, with a limit in time, whose answers are read by a schema. */
export interface EngineReader {
  /** Resolves with the answer of a request that succeeded. Rejects with the engine's own words. */
  readonly ask: (wanted: Omit<EngineRequest, 'timeoutMs'>, signal: AbortSignal) => Promise<EngineAnswer>
  readonly get: <S extends z.ZodType>(path: string, schema: S, signal: AbortSignal) => Promise<z.output<S>>
}

const ANSWER_MS = 10_000

/** Returns the reader of the engine at a socket. No connection is kept open. */
export function openReader(socket: string, clock: Clock): EngineReader {
  const ask: EngineReader['ask'] = async (wanted, signal) => {
    const answer = await exchange(socket, { ...wanted, timeoutMs: ANSWER_MS }, clock, signal)
    if (answer.status >= 200 && answer.status < 300) return answer
    throw engineRefusal(answer)
  }
  return {
    ask,
    get: async (path, schema, signal) =>
      parseAnswer(schema, (await ask({ method: 'GET', path }, signal)).text),
  }
}

/** Reads JSON by a schema. Throws `provider_protocol`. */
export function parseAnswer<S extends z.ZodType>(schema: S, text: string): z.output<S> {
  const result = schema.safeParse(jsonOf(text))
  if (result.success) return result.data
  throw new LocketError('provider_protocol', 'the Docker Engine answered something that cannot be read')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

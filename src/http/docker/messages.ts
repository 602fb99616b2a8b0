import * as z from 'zod'
import { LocketError } from '../../core/vocabulary/errors.ts'

// Request bodies of the volume plugin protocol, as engines 20.10 and 28.5 send them.

const Name = z.string().min(1).max(4096)

/** The body of VolumeDriver.Create. */
export const CreateRequest = z.object({
  Name,
  // It is null when no driver options are given.
  Opts: z.record(z.string().max(4096), z.string()).nullish(),
})
/** The body of the calls that name a volume: Remove, Path, Get. */
export const NameRequest = z.object({ Name })
/** The body of VolumeDriver.Mount and Unmount. `ID`: the mount ID of the container. */
export const MountRequest = z.object({ Name, ID: z.string().min(1).max(4096) })

/**
 * Returns the body, parsed by `schema`. Throws a `usage` error that names the field and quotes no content.
 */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const text = typeof body === 'string' ? body.trim() : ''
  if (text === '') {
    throw new LocketError('usage', 'the request has no body', {
      hint: 'the engine repeats a request that way when its connection broke or its own time limit passed; try again',
    })
  }
  const json = parseJson(text)
  refuseProto(json)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues.map((issue) => issue.path.join('.') || 'the body')
  throw new LocketError('usage', `the request is not understood: check ${[...new Set(where)].join(', ')}`)
}

/** zod drops the key `__proto__` of a record: a driver option of that name would be lost without a word. */
function refuseProto(json: unknown): void {
  if (typeof json !== 'object' || json === null) return
  if (Object.hasOwn(json, '__proto__')) throw protoKey()
  for (const value of Object.values(json))
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) throw protoKey()
}

function protoKey(): LocketError {
  return new LocketError('config', 'driver option "__proto__" is not known')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the body.
    throw new LocketError('usage', 'the request is not JSON')
  }
}

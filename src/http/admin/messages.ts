import * as z from 'zod'
import type { DryRun, Refreshed, Released } from '../../app/admin/by-hand.ts'
import type { DaemonReport } from '../../app/admin/report.ts'
import { ERROR_KINDS, LocketError, type ErrorCode } from '../../core/vocabulary/errors.ts'

// The requests and answers of the admin socket. Both ends check what the other one sends: they may be of
// different versions.

const Name = z.string().min(1).max(255)

/** The body of the calls that name a volume. */
export const VolumeBody = z.strictObject({ name: Name })
/** The body of a release. `id`: a mount ID or the start of one. */
export const ReleaseBody = z.strictObject({ name: Name, id: z.string().min(1).max(4096).optional() })

const Count = z.number().int().nonnegative()
const Time = z.string().nullable()

const FileAnswer = z.object({ path: z.string(), bytes: Count.nullable() })

const VolumeAnswer = z.object({
  name: z.string(),
  state: z.enum(['idle', 'mounted', 'unrecorded', 'unused', 'orphaned']),
  mounts: z.array(z.object({ id: z.string(), since: z.string(), isUnsure: z.boolean() })),
  generation: z.object({ number: Count, since: z.string() }).nullable(),
  lastRender: Time,
  nextRefreshInMs: z.number().nullable(),
  refresh: z.string().nullable(),
  staleSince: Time,
  lastError: z.string().nullable(),
  warnings: z.array(z.string()),
  files: z.array(FileAnswer),
})

const InstanceAnswer = z.object({
  name: z.string(),
  kind: z.string(),
  callers: Count,
  status: z
    .object({
      requestsLastHour: Count,
      requests: Count,
      limits: z.array(z.object({ limit: z.string(), left: Count })),
      failures: Count,
      paused: z.string().exactOptional(),
    })
    .optional(),
  trouble: z.string().exactOptional(),
})

const SwarmAnswer = z.object({
  secrets: z.array(z.object({ name: z.string(), served: Count, last: z.string() })),
  troubles: z.array(
    z.object({
      secret: z.string(),
      task: z.string(),
      service: z.string(),
      code: z.string(),
      error: z.string(),
      since: z.string(),
      last: z.string(),
      count: Count,
    }),
  ),
})

/** The answer to `GET /status`. */
export const StatusAnswer: z.ZodType<DaemonReport> = z.object({
  version: z.string(),
  now: z.string(),
  volumes: z.array(VolumeAnswer),
  providers: z.array(InstanceAnswer.transform(({ status, ...instance }) => ({ ...instance, status }))),
  swarm: SwarmAnswer.exactOptional(),
})

/** The answer to `POST /volumes/refresh`. */
export const RefreshAnswer: z.ZodType<Refreshed> = z.object({
  changed: Count,
  removed: Count,
  generation: Count.nullable(),
})

/** The answer to `POST /volumes/render`. */
export const RenderAnswer: z.ZodType<DryRun> = z.object({
  files: z.array(FileAnswer),
  references: Count,
  warnings: z.array(z.string()),
})

/** The answer to `POST /volumes/release`. */
export const ReleaseAnswer: z.ZodType<Released> = z.object({
  id: z.string().nullable(),
  left: Count,
  isWiped: z.boolean(),
})

/** The answer to a call that failed. `message` is a whole sentence. */
export const FailureAnswer = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERROR_KINDS, code)),
  message: z.string(),
  hint: z.string().optional(),
})

/** Returns the body of a request. Throws a `usage` error that quotes no content. */
export function parseRequest<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(jsonOf(body))
  if (parsed.success) return parsed.data
  const where = parsed.error.issues.map((issue) => issue.path.join('.') || 'the body')
  throw new LocketError('usage', `the request is not understood: check ${[...new Set(where)].join(', ')}`)
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : '')
  } catch {
    throw new LocketError('usage', 'the request is not JSON')
  }
}

import { LocketError, isLocketError } from '../../core/vocabulary/errors.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Calls } from './calls.ts'
import { lateSchema } from '../lib/answers/late-schema.ts'
import { isObject } from '../lib/reference/exact-json.ts'
import type { KvVersion } from './refs.ts'

const MAX_KNOWN = 1000
/**
 * A mount may be moved or upgraded. An older entry is still used, but it is checked again when a read with it
 * fails.
 */
const FRESH_MS = 60_000

/** The mount of a secrets engine. */
export interface Mount {
  readonly path: readonly string[]
  /** The version of its KV engine; undefined: it is not a KV engine. */
  readonly kv: KvVersion | undefined
  /** The type of the engine as the server reports it: `kv`, `database`, `pki`. */
  readonly type: string
}

/** Knows which mount hosts a path. The knowledge is kept from one batch to the next. */
export interface Mounts {
  /** Returns the mount of a path if it is known. `isFresh`: it was learnt less than 60 s ago. */
  known(segments: readonly string[]): (Mount & { readonly isFresh: boolean }) | undefined
  /** Remembers a mount, and forgets the known mounts that contradict it. */
  learn(mount: Mount): void
  /**
   * Asks the server which mount hosts the path, unless that is known and fresh. Callers at the same time
   * whose paths begin with the same segment share one answer. Undefined: the server does not say, or the
   * token may not ask. The call is `/sys/internal/ui/mounts` of the OpenBao API documentation.
   */
  locate(segments: readonly string[], token: string, signal: AbortSignal): Promise<Mount | undefined>
}

const MountAnswer = lateSchema((z) =>
  z.object({
    path: z.string(),
    // This text goes into a message.
    type: z.string().regex(/^[\w.-]{1,64}$/),
    options: z.looseObject({ version: z.string().nullish() }).nullish(),
  }),
)

/** Makes the knowledge of the mounts of one server: at most 1000 of them. */
export function createMounts(calls: Calls, clock: Clock): Mounts {
  const byPath = new Map<string, Mount & { readonly at: number }>()
  const asking = createSingleFlight<Mount | undefined>()

  async function ask(
    segments: readonly string[],
    token: string,
    signal: AbortSignal,
  ): Promise<Mount | undefined> {
    const path = ['sys', 'internal', 'ui', 'mounts', ...segments]
    const mount = readMount(await calls.get({ path, token, signal }).catch(unlessUnsaid))
    if (mount === undefined || !hosts(mount, segments)) return undefined
    learn(mount)
    return mount
  }

  function learn(mount: Mount): void {
    const path = `${mount.path.join('/')}/`
    // No mount lies within another, so an entry that contradicts the new one is out of date.
    for (const other of byPath.keys())
      if (other.startsWith(path) || path.startsWith(other)) byPath.delete(other)
    if (byPath.size >= MAX_KNOWN) byPath.clear()
    byPath.set(path, { ...mount, at: clock.now() })
  }

  function known(segments: readonly string[]): ReturnType<Mounts['known']> {
    for (let length = 1; length < segments.length; length += 1) {
      const mount = byPath.get(`${segments.slice(0, length).join('/')}/`)
      if (mount !== undefined) return { ...mount, isFresh: clock.now() - mount.at < FRESH_MS }
    }
    return undefined
  }

  return {
    learn,
    known,
    async locate(segments, token, signal) {
      const learnt = known(segments)
      if (learnt?.isFresh === true) return learnt
      let isOwn = false
      const shared = await asking.run(`${token} ${segments[0]}`, signal, (whileNeeded) => {
        isOwn = true
        return ask(segments, token, whileNeeded)
      })
      if (isOwn || (shared !== undefined && hosts(shared, segments))) return shared
      return asking.run(`${token} ${segments.join('/')}`, signal, (whileNeeded) =>
        ask(segments, token, whileNeeded),
      )
    },
  }
}

/**
 * Reads the server's answer. The call is made for the servers' own pages and its format is not guaranteed, so
 * an answer in another format counts as none.
 */
function readMount(answer: unknown): Mount | undefined {
  const read = MountAnswer.safeParse(isObject(answer) ? (answer['data'] ?? answer) : answer)
  if (!read.success) return undefined
  const { path, type, options } = read.data
  const keepsSecrets = type === 'kv' || type === 'generic' || type === 'cubbyhole'
  return {
    path: path.split('/').filter((part) => part !== ''),
    kv: keepsSecrets ? (options?.version === '2' ? 2 : 1) : undefined,
    type,
  }
}

function hosts({ path }: Mount, segments: readonly string[]): boolean {
  return path.length > 0 && path.length < segments.length && path.every((part, at) => part === segments[at])
}

/**
 * Returns undefined for an error that means "the server does not say": a token that may read a secret is not
 * always allowed to ask for its mount.
 */
function unlessUnsaid(thrown: unknown): undefined {
  if (isLocketError(thrown) && UNSAID.includes(thrown.code)) return undefined
  throw thrown
}

const UNSAID: readonly LocketError['code'][] = ['denied', 'not_found', 'provider_protocol']

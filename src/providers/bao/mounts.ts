import * as z from 'zod'
import { LocketError, isLocketError } from '../../core/vocabulary/errors.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Calls } from './calls.ts'
import { isObject } from './json.ts'
import type { KvVersion } from './refs.ts'

const MAX_KNOWN = 1000
/** A mount may be moved or upgraded: knowledge older than that is looked after when it seems wrong. */
const FRESH_MS = 60_000

export interface Mount {
  readonly path: readonly string[]
  /** Undefined: it does not keep secrets as KV does. */
  readonly kv: KvVersion | undefined
  /** `kv`, `database`, `pki`: of a mount that the server told about. */
  readonly type: string
}

/** Which mount hosts a path, kept from one batch to the next. */
export interface Mounts {
  known(segments: readonly string[]): (Mount & { readonly isFresh: boolean }) | undefined
  learn(mount: Mount): void
  /** Asks the server, unless it was asked just now; callers whose paths begin alike share its answer. Undefined when it does not say. */
  locate(segments: readonly string[], token: string, signal: AbortSignal): Promise<Mount | undefined>
}

const MountAnswer = z.object({
  path: z.string(),
  // Goes into a message.
  type: z.string().regex(/^[\w.-]{1,64}$/),
  options: z.looseObject({ version: z.string().nullish() }).nullish(),
})

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
    // No mount lies within another: what says so is out of date.
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

/** The call is an internal one of the servers' own pages: an answer in another shape is no answer. */
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

/** Who may read a secret may not be allowed to ask for its mount. */
function unlessUnsaid(thrown: unknown): undefined {
  if (isLocketError(thrown) && UNSAID.includes(thrown.code)) return undefined
  throw thrown
}

const UNSAID: readonly LocketError['code'][] = ['denied', 'not_found', 'provider_protocol']

import { macOf } from '../../core/keys/derive.ts'
import type { VolumeKeys } from '../../core/last-known-good/keys.ts'
import { placeOf, seal, type SealedValue } from '../../core/last-known-good/sealed-value.ts'
import { isWithdrawn } from '../../core/last-known-good/usable.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcomes, Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { createPace } from '../../core/waiting/turns.ts'
import type { Around } from '../access/clients.ts'
import { serverOf } from './server.ts'
import { askWithStandIn, type UsedValue } from './stand-in.ts'
import { STALE_MARK, usableValues, type KeptValue, type VolumeCache, type Wanted } from './volume-cache.ts'

/** The values of one rendering that came from the cache. */
export interface StaleValues {
  /** When the provider gave the oldest of them, in milliseconds since the epoch. */
  readonly since: number
  /** The references, as the user wrote them. */
  readonly references: readonly string[]
  /** Why the provider did not answer. */
  readonly reason: LocketError
}

/** The cache in one rendering of a volume. */
export interface CacheSession {
  /** Notes what the provider answers, and may answer with a kept value when it is out of reach. */
  readonly around: Around
  /** Returns the values that came from the cache; undefined when none did. */
  stale(): StaleValues | undefined
  /** Writes to disk what has changed. Never rejects. */
  save(): Promise<void>
}

interface OpenedSession extends Omit<CacheSession, 'save'> {
  /** Wipes the keys. Writes what has changed if `isWanted` says so. */
  close(isWanted: () => boolean): Promise<void>
}

/** The cache of the volume, and the rules for one rendering. */
interface SessionParts {
  readonly volume: VolumeName
  readonly cache: VolumeCache
  readonly clock: Clock
  readonly warn: (warning: string) => void
  /** The volume's keys; undefined: there is no host key, and nothing is kept. The session wipes them. */
  readonly openKeys: () => Promise<VolumeKeys | undefined>
  readonly maxAgeMs: number
  /** False for a refresh: the files in place are at least as new as the cache. */
  readonly mayAnswer: boolean
  readonly memory: CacheMemory
}

/**
 * The cache file as this process wrote it, so that an unchanged value is not written again and again.
 * Undefined: this process has not written it.
 */
export interface CacheMemory {
  file?: { readonly values: ReadonlyMap<string, WrittenValue>; readonly isMarked: boolean } | undefined
}

/** The fingerprint of a value in the file, and when it was sealed. */
interface WrittenValue {
  readonly print: string
  readonly savedAt: number
}

/**
 * The new content of the place of a reference in the file. `fresh`: it gets this value. `kept`: it stays.
 * `withdrawn`: it is removed.
 */
type Note =
  | { readonly kind: 'fresh'; readonly sealed: SealedValue; readonly written: WrittenValue }
  | { readonly kind: 'kept' }
  | { readonly kind: 'withdrawn' }

/** Largest value that is kept, in bytes: encrypting it takes a few milliseconds of the event loop. */
const MOST_VALUE_BYTES = 4 * 1024 * 1024
/** The time in the file may be older than the value by this part of the maximum age, and by an hour. */
const LATE_PART = 24
const LATE_MS = 3_600_000

/** Opens the cache for one rendering. */
export function openSession(parts: SessionParts): OpenedSession {
  const { volume, cache, clock, warn, maxAgeMs, mayAnswer, memory } = parts
  const notes = new Map<string, Note>()
  const used: UsedValue[] = []
  let hasFailed = false
  let opened: Promise<VolumeKeys | undefined> | undefined
  const keysOnce = () => (opened ??= parts.openKeys())

  async function keptValues(
    keys: VolumeKeys,
    server: string,
    refs: readonly SecretRef[],
  ): Promise<ReadonlyMap<string, KeptValue>> {
    const wanted = refs.map(({ id }): Wanted => ({ server, reference: id }))
    const now = clock.now()
    const { values, isFuture } = usableValues(keys, await cache.load(keys), wanted, { volume, now, maxAgeMs })
    if (isFuture) warn('values of a time in the future are not used: was the clock set back?')
    return values
  }

  async function noteAll(keys: VolumeKeys, server: string, outcomes: Outcomes): Promise<void> {
    const pace = createPace(clock)
    for (const [id, outcome] of outcomes) {
      const wanted = { server, reference: id }
      const place = placeOf(keys, wanted)
      const note = outcome.ok ? noteOf(keys, wanted, place, outcome.secret) : noteOfFailure(outcome.error)
      if (note.kind !== 'kept' || !notes.has(place)) notes.set(place, note)
      await pace()
    }
  }

  function noteOfFailure(error: LocketError): Note {
    if (isWithdrawn(error)) return { kind: 'withdrawn' }
    hasFailed = true
    return { kind: 'kept' }
  }

  function noteOf(keys: VolumeKeys, wanted: Wanted, place: string, secret: Resolved): Note {
    const { value, isFleeting, expiresAt, staleSince } = secret
    if (staleSince !== undefined) return { kind: 'kept' }
    // A value with a lease ends with it, also when it is in a cache.
    if (isFleeting === true || expiresAt !== undefined) return { kind: 'withdrawn' }
    if (value.byteLength > MOST_VALUE_BYTES) {
      warn('a value of more than 4 MiB is not kept')
      return { kind: 'withdrawn' }
    }
    const now = clock.now()
    const print = Buffer.from(macOf(keys.places, place, value)).toString('base64')
    const before = memory.file?.values.get(place)
    const isLate = before === undefined || now - before.savedAt > Math.min(LATE_MS, maxAgeMs / LATE_PART)
    if (before?.print === print && !isLate && before.savedAt <= now) return { kind: 'kept' }
    const sealed = seal(keys, { volume, ...wanted, savedAt: now }, value)
    return { kind: 'fresh', sealed, written: { print, savedAt: now } }
  }

  function stale(): StaleValues | undefined {
    const [first] = used
    if (first === undefined) return undefined
    return {
      since: Math.min(...used.map(({ savedAt }) => savedAt)),
      references: used.map(({ ref }) => ref.text),
      reason: first.reason,
    }
  }

  async function write(keys: VolumeKeys): Promise<void> {
    if (!hasChanged()) return
    const current = await cache.load(keys)
    const values = [...notes].flatMap(([place, note]) => {
      if (note.kind === 'withdrawn') return []
      return note.kind === 'fresh' ? [note.sealed] : (current.get(place) ?? [])
    })
    const mark = markOf(keys, current)
    const all = mark === undefined ? values : [...values, mark]
    const isDone = all.length === 0 ? await cache.remove() : await cache.store(keys, all)
    // A value that was withdrawn must not stay because the disk is full.
    const isLeft = [...notes].some(([place, { kind }]) => kind === 'withdrawn' && current.has(place))
    if (!isDone && isLeft) await cache.remove()
    memory.file = isDone ? { values: writtenOf(values), isMarked: mark !== undefined } : undefined
  }

  /** The mark says that values of the cache are mounted. A refresh that failed leaves it as it is. */
  function markOf(keys: VolumeKeys, current: ReadonlyMap<string, SealedValue>): SealedValue | undefined {
    const since = stale()?.since
    if (since !== undefined) return seal(keys, { volume, ...STALE_MARK, savedAt: since }, Secret.fromText(''))
    return hasFailed ? current.get(placeOf(keys, STALE_MARK)) : undefined
  }

  function hasChanged(): boolean {
    const { file } = memory
    if (used.length > 0 || (file?.isMarked === true && !hasFailed)) return true
    if (file === undefined) return [...notes.values()].some(({ kind }) => kind !== 'kept')
    const isOld = [...file.values.keys()].some((place) => !notes.has(place))
    const isNew = ([place, { kind }]: [string, Note]) =>
      kind === 'fresh' || (kind === 'withdrawn' && file.values.has(place))
    return isOld || [...notes].some(isNew)
  }

  function writtenOf(values: readonly SealedValue[]): ReadonlyMap<string, WrittenValue> {
    return new Map(
      values.flatMap(({ place }) => {
        const note = notes.get(place)
        const written = note?.kind === 'fresh' ? note.written : memory.file?.values.get(place)
        return written === undefined ? [] : [[place, written]]
      }),
    )
  }

  return {
    around(instance, next) {
      if (instance.def.isLocal === true) return next
      const server = serverOf(instance)
      return async (refs, signal) => {
        const keys = await keysOnce()
        if (keys === undefined) return next(refs, signal)
        if (!mayAnswer) {
          const outcomes = await next(refs, signal)
          await noteAll(keys, server, outcomes)
          return outcomes
        }
        const keptHere = (wanted: readonly SecretRef[]) => keptValues(keys, server, wanted)
        const answered = await askWithStandIn(refs, next, signal, { keptValues: keptHere, clock })
        const { outcomes } = answered
        used.push(...answered.used)
        await noteAll(keys, server, outcomes)
        return outcomes
      }
    },
    stale,
    async close(isWanted) {
      const keys = await opened
      if (keys === undefined) return
      try {
        if (notes.size > 0 && isWanted()) await write(keys)
      } finally {
        keys.wipe()
      }
    },
  }
}

import type { Clock } from '../../core/ports/clock.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import { isObject } from '../lib/reference/exact-json.ts'
import type { Calls } from './calls.ts'
import type { BaoLeases } from './leases.ts'
import { createMounts } from './mounts.ts'
import { apiPath, createReadErrors, spelled, unsure, type ReadPlace } from './read-errors.ts'
import { formatSecret } from './refs.ts'
import type { BaoReference, KvVersion } from './refs.ts'
import { allOf, factsOf, fieldOf, plainFields, VersionMetadata, wholeOf } from './secret-fields.ts'
import type { Fields, ReadSecret } from './secret-fields.ts'
import type { TokenUse } from './token.ts'

/** The data that the reads of one batch share. */
export interface ReadBatch {
  readonly use: TokenUse
  /** The reads that this batch has begun. */
  readonly begun: Set<string>
}

/** Reads fields of secrets. Reads of the same secret at the same time share one request. */
interface BaoReader {
  /**
   * Resolves with the value of one field, and the version or the lease of its secret. All fields of a batch
   * have one lease, and no two batches have the same. Rejects with `not_found`, or with `denied` where the
   * token may not read or is not valid any more: the status does not tell which.
   */
  read(reference: BaoReference, batch: ReadBatch, signal: AbortSignal): Promise<Resolved>
}

/**
 * The result of one read. `refused`: the secret does not exist or may not be read; if the mount was guessed,
 * it may be in another one.
 */
type Answer =
  | { readonly kind: 'read'; readonly secret: ReadSecret }
  | { readonly kind: 'refused'; readonly error: LocketError }

/**
 * Makes the reader of one server. It finds out where the mount of a path ends and which KV version it has,
 * and remembers it. Engines other than KV are read at their path as it is.
 */
export function createBaoReader(
  { calls, clock }: { readonly calls: Calls; readonly clock: Clock },
  leases: BaoLeases,
): BaoReader {
  const errors = createReadErrors(calls)
  const mounts = createMounts(calls, clock)
  const reads = createSingleFlight<ReadSecret>()
  let batches = 0
  const numbers = new WeakMap<ReadBatch, number>()

  async function find(reference: BaoReference, use: TokenUse, signal: AbortSignal): Promise<ReadSecret> {
    const segments = [...reference.mount, ...reference.path]
    const known = mounts.known(segments)
    const guessed = known === undefined ? 2 : known.kv
    const first = placeOf(reference, known?.path ?? reference.mount, reference.kv ?? guessed)
    const answer = await readAt(first, use, signal)
    if (answer.kind === 'read') return answer.secret
    if (known?.isFresh === true && known.kv === first.kv) throw spelled(answer.error, first)
    const mount = await mounts.locate(segments, use.token, signal)
    if (mount === undefined) throw unsure(answer.error)
    if (reference.kv !== undefined && mount.kv !== reference.kv) throw errors.otherEngine(mount)
    if (mount.kv === first.kv && mount.path.length === first.mount.length) throw spelled(answer.error, first)
    const place = placeOf(reference, mount.path, mount.kv)
    const second = await readAt(place, use, signal)
    if (second.kind === 'read') return second.secret
    throw spelled(second.error, place)
  }

  async function readAt(place: ReadPlace, use: TokenUse, signal: AbortSignal): Promise<Answer> {
    const { mount, kv, version } = place
    let refused: LocketError | undefined
    try {
      const answer = await calls.get({
        path: apiPath(place),
        query: version === undefined ? '' : `?version=${version}`,
        token: use.token,
        signal,
        explain: (refusal) => errors.explain(place, refusal, (error) => (refused = error)),
      })
      use.workedAt = clock.now()
      const fields = kv === 2 ? versionedFields(place, answer) : plainFields(answer)
      if (fields === undefined) return { kind: 'refused', error: errors.missing(place) }
      // A read of version 1 does not show where its mount ends, so only version 2 is learnt.
      if (kv === 2) mounts.learn({ path: mount, kv, type: 'kv' })
      const lease = kv === 2 ? undefined : leases.leaseOf(answer, use)
      return { kind: 'read', secret: { fields, facts: factsOf(answer, kv, lease) } }
    } catch (thrown) {
      if (refused === undefined || thrown !== refused) throw thrown
      return { kind: 'refused', error: refused }
    }
  }

  /**
   * Returns the fields of a version 2 answer; undefined for another one: a mount of version 1 may have a
   * secret at `data/…`, and answers with the fields themselves. Throws `not_found` for a deleted version.
   */
  function versionedFields(place: ReadPlace, answer: unknown): Fields | undefined {
    const data = isObject(answer) ? answer['data'] : undefined
    const gone = errors.gone(place, data)
    if (gone !== undefined) throw gone
    const isVersioned = isObject(data) && VersionMetadata.safeParse(data['metadata']).success
    return isVersioned && isObject(data['data']) ? data['data'] : undefined
  }

  /** Shares a read with all batches. One that comes with a lease is shared only within the batch. */
  async function shared(reference: BaoReference, batch: ReadBatch, signal: AbortSignal): Promise<ReadSecret> {
    const { use, begun } = batch
    const { version = 'current', kv = 'auto' } = reference
    const key = `${use.token} ${version} ${kv} ${formatSecret(reference)}`
    const run = (name: string) =>
      reads.run(name, signal, (whileNeeded) => {
        begun.add(name)
        return find(reference, use, whileNeeded)
      })
    const known = mounts.known([...reference.mount, ...reference.path])
    const mayHaveLease = known !== undefined && known.kv === undefined
    if (!mayHaveLease) {
      const secret = await run(key)
      if (secret.facts.lease === undefined || begun.has(key)) return secret
    }
    return run(`${key} ${numberOf(batch)}`)
  }

  function numberOf(batch: ReadBatch): number {
    const number = numbers.get(batch) ?? (batches += 1)
    numbers.set(batch, number)
    return number
  }

  return {
    async read(reference, batch, signal) {
      const { fields, facts } = await shared(reference, batch, signal)
      const read = reference.isAll === true ? allOf : reference.isWhole === true ? wholeOf : fieldOf
      const { lease } = facts
      try {
        const value = read(fields, reference, calls.who)
        if (lease !== undefined) leases.used(lease)
        return { value, ...facts }
      } catch (thrown) {
        if (lease !== undefined) void leases.dropUnused(lease, batch.use)
        throw thrown
      }
    },
  }
}

function placeOf(
  { mount, path, version }: BaoReference,
  mountPath: readonly string[],
  kv: KvVersion | undefined,
): ReadPlace {
  const segments = [...mount, ...path]
  return { mount: mountPath, path: segments.slice(mountPath.length), kv, version }
}

import { LocketError } from '../../core/vocabulary/errors.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import type { Refusal } from '../lib/http/http.ts'
import type { Calls } from './calls.ts'
import { saidIn } from './explain.ts'
import { isObject } from '../lib/reference/exact-json.ts'
import { createMounts } from './mounts.ts'
import type { Mount } from './mounts.ts'
import { formatSecret } from './refs.ts'
import type { BaoReference, KvVersion } from './refs.ts'
import { allOf, factsOf, fieldOf, plainFields, shownPath, VersionMetadata, wholeOf } from './secret-fields.ts'
import type { Fields, ReadSecret } from './secret-fields.ts'
import type { TokenUse } from './token.ts'
import { providerError } from '../lib/provider-error.ts'

/** Reads fields of secrets. Reads of the same secret at the same time share one request. */
interface BaoReader {
  /**
   * Resolves with the value of one field, and the version or the lease of its secret. Rejects with
   * `not_found`, or with `denied` where the token may not read or is not valid any more: the status does not
   * tell which.
   */
  read(reference: BaoReference, use: TokenUse, signal: AbortSignal): Promise<Resolved>
}

/** The place of a secret: `mount` and `path` together are the path of the reference. */
interface Place {
  readonly mount: readonly string[]
  readonly path: readonly string[]
  readonly kv: KvVersion
  readonly version: number | undefined
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
 * and remembers it.
 */
export function createBaoReader(calls: Calls, clock: Clock): BaoReader {
  const { who, inNamespace } = calls
  const mounts = createMounts(calls, clock)
  const reads = createSingleFlight<ReadSecret>()

  async function find(reference: BaoReference, use: TokenUse, signal: AbortSignal): Promise<ReadSecret> {
    const segments = [...reference.mount, ...reference.path]
    const known = mounts.known(segments)
    const first = placeOf(reference, known?.path ?? reference.mount, reference.kv ?? known?.kv ?? 2)
    const answer = await readAt(first, use, signal)
    if (answer.kind === 'read') return answer.secret
    if (known?.isFresh === true && known.kv === first.kv) throw answer.error
    const mount = await mounts.locate(segments, use.token, signal)
    if (mount === undefined) throw unsure(answer.error)
    if (mount.kv === undefined) throw noSecrets(mount)
    if (reference.kv !== undefined && mount.kv !== reference.kv) throw otherVersion(mount.path, mount.kv)
    if (mount.kv === first.kv && mount.path.length === first.mount.length) throw answer.error
    const second = await readAt(placeOf(reference, mount.path, mount.kv), use, signal)
    if (second.kind === 'read') return second.secret
    throw second.error
  }

  async function readAt(place: Place, use: TokenUse, signal: AbortSignal): Promise<Answer> {
    const { mount, kv, version } = place
    let refused: LocketError | undefined
    try {
      const answer = await calls.get({
        path: apiPath(place),
        query: version === undefined ? '' : `?version=${version}`,
        token: use.token,
        signal,
        explain: (refusal) => explain(place, refusal, (error) => (refused = error)),
      })
      use.workedAt = clock.now()
      const fields = kv === 2 ? versionedFields(place, answer) : plainFields(answer)
      if (fields === undefined) return { kind: 'refused', error: missing(place) }
      // A read of version 1 does not show where its mount ends, so only version 2 is learnt.
      if (kv === 2) mounts.learn({ path: mount, kv, type: 'kv' })
      return { kind: 'read', secret: { fields, facts: factsOf(answer, kv, use.workedAt) } }
    } catch (thrown) {
      if (refused === undefined || thrown !== refused) throw thrown
      return { kind: 'refused', error: refused }
    }
  }

  function explain(
    place: Place,
    { status, body }: Refusal,
    refuse: (error: LocketError) => LocketError,
  ): LocketError | undefined {
    if (status === 403) return refuse(forbidden(place))
    if (status !== 404) return undefined
    const gone = place.kv === 2 && isObject(body) ? goneError(place, body['data']) : undefined
    if (gone !== undefined) return gone
    return refuse(/no handler/i.test(saidIn(body) ?? '') ? noMount(place) : missing(place))
  }

  /**
   * Returns the fields of a version 2 answer; undefined for another one: a mount of version 1 may have a
   * secret at `data/…`, and answers with the fields themselves. Throws `not_found` for a deleted version.
   */
  function versionedFields(place: Place, answer: unknown): Fields | undefined {
    const data = isObject(answer) ? answer['data'] : undefined
    const gone = goneError(place, data)
    if (gone !== undefined) throw gone
    const isVersioned = isObject(data) && VersionMetadata.safeParse(data['metadata']).success
    return isVersioned && isObject(data['data']) ? data['data'] : undefined
  }

  /**
   * Returns the error for a version that was deleted or destroyed, for which the server sends only metadata
   * (OpenBao API documentation, KV version 2).
   */
  function goneError(place: Place, data: unknown): LocketError | undefined {
    if (!isObject(data) || data['data'] != null) return undefined
    const metadata = VersionMetadata.safeParse(data['metadata'])
    if (!metadata.success) return undefined
    const { version, destroyed } = metadata.data
    const subject = `${who}: version ${version} of ${shownPath(place)}`
    return destroyed === true
      ? providerError('not_found', `${subject} is destroyed and cannot be restored`, {
          hint: 'write the secret again, or ask for another version',
        })
      : providerError('not_found', `${subject} is deleted`, {
          hint: 'undelete it, write the secret again, or ask for another version',
        })
  }

  function missing(place: Place): LocketError {
    const says = place.version === undefined ? 'has nothing at' : `has no version ${place.version} at`
    return providerError('not_found', `${who} ${says} ${shownPath(place)}${inNamespace}`)
  }

  function forbidden(place: Place): LocketError {
    const path = apiPath(place).join('/')
    return providerError(
      'denied',
      `${who} does not let this token read ${shownPath(place)}${inNamespace} (status 403)`,
      { hint: `its policy needs the capability read on ${path.slice(0, 120)}` },
    )
  }

  function noMount(place: Place): LocketError {
    return providerError(
      'not_found',
      `${who} has no mount for ${shownPath(place)}${inNamespace} (status 404)`,
      {
        hint: 'check the name of the mount, and bao-namespace',
      },
    )
  }

  function noSecrets({ path, type }: Mount): LocketError {
    return providerError(
      'not_found',
      `${who} has an engine of the type ${type} at ${path.join('/')}, and locket reads KV engines only`,
      { hint: 'store the value in a KV engine, or name the mount of one' },
    )
  }

  function otherVersion(mount: readonly string[], kv: KvVersion): LocketError {
    return providerError('not_found', `${who} has KV version ${kv} at ${mount.join('/')}`, {
      hint: 'correct kv=… in the reference, or bao-kv-version',
    })
  }

  return {
    async read(reference, use, signal) {
      const { version = 'current', kv = 'auto' } = reference
      const key = `${use.token} ${version} ${kv} ${formatSecret(reference)}`
      const { fields, facts } = await reads.run(key, signal, (shared) => find(reference, use, shared))
      const read = reference.isAll === true ? allOf : reference.isWhole === true ? wholeOf : fieldOf
      const value = read(fields, reference, who)
      return { value, ...facts }
    },
  }
}

/** Adds a hint to the error: the server did not say where the mount ends and which engine it is. */
function unsure(error: LocketError): LocketError {
  const { code, reason, hint, facts, names } = error
  const several =
    'locket reads KV engines only, and a mount of several words is written with %2F between them'
  if (code === 'denied')
    return new LocketError(code, reason, {
      facts,
      names,
      hint: hint === undefined ? several : `${hint}; ${several}`,
    })
  return hint === undefined
    ? new LocketError(code, reason, {
        facts,
        names,
        hint: `${several}, and one of KV version 1 may need ?kv=1`,
      })
    : error
}

function placeOf({ mount, path, version }: BaoReference, mountPath: readonly string[], kv: KvVersion): Place {
  const segments = [...mount, ...path]
  return { mount: mountPath, path: segments.slice(mountPath.length), kv, version }
}

/** Returns the path as the API and policies spell it. */
function apiPath({ mount, path, kv }: Place): readonly string[] {
  return [...mount, ...(kv === 2 ? ['data'] : []), ...path]
}

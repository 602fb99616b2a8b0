import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { providerError } from '../lib/provider-error.ts'
import { isObject } from '../lib/reference/exact-json.ts'
import type { Calls } from './calls.ts'
import { saidIn } from './explain.ts'
import type { Mount } from './mounts.ts'
import type { KvVersion } from './refs.ts'
import { shownPath, VersionMetadata } from './secret-fields.ts'

/** The place of a secret: `mount` and `path` together are the path of the reference. */
export interface ReadPlace {
  readonly mount: readonly string[]
  readonly path: readonly string[]
  /** Undefined: the engine is not a KV engine. */
  readonly kv: KvVersion | undefined
  readonly version: number | undefined
}

/** Returns the path as the API and policies spell it. */
export function apiPath({ mount, path, kv }: ReadPlace): readonly string[] {
  return [...mount, ...(kv === 2 ? ['data'] : []), ...path]
}

/** The errors of reads at one server. */
interface ReadErrors {
  /**
   * Returns the error of a refusal; undefined: the status has its usual meaning. `refuse` marks an error that
   * may be about a wrong guess of the mount.
   */
  explain(
    place: ReadPlace,
    refusal: Refusal,
    refuse: (error: LocketError) => LocketError,
  ): LocketError | undefined
  missing(place: ReadPlace): LocketError
  /**
   * Returns the error for a version that was deleted or destroyed, for which the server sends only metadata
   * (OpenBao API documentation, KV version 2).
   */
  gone(place: ReadPlace, data: unknown): LocketError | undefined
  /** The mount is of another kind than the reference says. */
  otherEngine(mount: Mount): LocketError
}

/** Makes the errors of reads at the server of `calls`. */
export function createReadErrors({ who, inNamespace }: Pick<Calls, 'who' | 'inNamespace'>): ReadErrors {
  function explain(
    place: ReadPlace,
    { status, body }: Refusal,
    refuse: (error: LocketError) => LocketError,
  ): LocketError | undefined {
    if (status === 403) return refuse(forbidden(place))
    if (place.kv === undefined && (status === 400 || status === 405)) return notReadable(place, status)
    if (status !== 404) return undefined
    const isGone = place.kv === 2 && isObject(body) ? gone(place, body['data']) : undefined
    if (isGone !== undefined) return isGone
    return refuse(/no handler/i.test(saidIn(body) ?? '') ? noMount(place) : missing(place))
  }

  function gone(place: ReadPlace, data: unknown): LocketError | undefined {
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

  function missing(place: ReadPlace): LocketError {
    const says = place.version === undefined ? 'has nothing at' : `has no version ${place.version} at`
    return providerError('not_found', `${who} ${says} ${shownPath(place)}${inNamespace}`)
  }

  function forbidden(place: ReadPlace): LocketError {
    const path = apiPath(place).join('/')
    return providerError(
      'denied',
      `${who} does not let this token read ${shownPath(place)}${inNamespace} (status 403)`,
      { hint: `its policy needs the capability read on ${path.slice(0, 120)}` },
    )
  }

  function notReadable(place: ReadPlace, status: number): LocketError {
    return providerError(
      'not_found',
      `${who} gives no values at ${shownPath(place)}${inNamespace} (status ${status})`,
      { hint: 'is there a role of that name, and does the engine answer a read of this path?' },
    )
  }

  function noMount(place: ReadPlace): LocketError {
    return providerError(
      'not_found',
      `${who} has no mount for ${shownPath(place)}${inNamespace} (status 404)`,
      { hint: 'check the name of the mount, and bao-namespace' },
    )
  }

  return {
    explain,
    missing,
    gone,
    otherEngine({ path, kv, type }) {
      const where = path.join('/')
      const says =
        kv === undefined
          ? `${who} has an engine of the type ${type} at ${where}`
          : `${who} has KV version ${kv} at ${where}`
      return providerError('not_found', says, {
        hint: 'correct kv=… or version=… in the reference, or bao-kv-version',
      })
    },
  }
}

/**
 * Adds the way to the right name to the error of a secret that is not there. Locket does not list names
 * itself: few policies allow it, and the server would record a request that was denied.
 */
export function spelled(error: LocketError, { mount, path, kv, version }: ReadPlace): LocketError {
  const { code, reason, hint, facts, names } = error
  if (code !== 'not_found' || hint !== undefined || kv === undefined || version !== undefined) return error
  const folder = shownPath({ mount, path: path.slice(0, -1) })
  return new LocketError(code, reason, {
    facts,
    names,
    hint: `\`bao kv list ${folder}\` shows the names there`,
  })
}

/** Adds a hint to the error: the server did not say where the mount ends and which engine it is. */
export function unsure(error: LocketError): LocketError {
  const { code, reason, hint, facts, names } = error
  const several = 'a mount of several words is written with %2F between them'
  const engine = 'KV version 1, or another engine than KV, may need ?kv=1'
  const whole = code === 'denied' ? [hint, several] : [hint ?? `${several}, and ${engine}`]
  return new LocketError(code, reason, {
    facts,
    names,
    hint: whole.filter((part) => part !== undefined).join('; '),
  })
}

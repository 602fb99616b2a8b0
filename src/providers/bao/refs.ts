import { LocketError } from '../../core/vocabulary/errors.ts'
import { nearest } from '../../core/text/nearest.ts'

/** The version of a KV secrets engine. */
export type KvVersion = 1 | 2

/** The decoded parts of `bao://mount/path/field[?version=N&kv=1|2]` and `bao://mount/path?whole`. */
export interface BaoReference {
  /** The segments of the mount. One segment may be only the beginning of the mount; several are all of it. */
  readonly mount: readonly string[]
  /** The segments between the mount and the field. */
  readonly path: readonly string[]
  /** With `isAll` it is `*`, with `isWhole` it is empty. */
  readonly field: string
  /** All fields of the secret. A field that is named `*` is written `%2A`. */
  readonly isAll?: true
  /** The value of the only field, or all fields as a JSON object if there are several. */
  readonly isWhole?: true
  /** The version of the secret; left out: the current one. */
  readonly version?: number
  /** The version of the engine; left out: it is found out. */
  readonly kv?: KvVersion
}

const SHAPE = 'bao://mount/path/field'
const OPTIONS = ['version', 'kv', 'whole']

/**
 * Parses a reference. Returns undefined for a text that is not a `bao` or `vault` reference. Throws
 * `ref_syntax` for a malformed one; `bao:/x` counts as malformed. `kv` comes from the settings and applies if
 * the reference does not name a version. Does not use `new URL`, which folds `..` and takes the mount for a
 * host.
 */
export function parseBaoReference(text: string, kv?: KvVersion): BaoReference | undefined {
  const slashes = /^(?:bao|vault):(\/+)/i.exec(text)
  if (slashes === null) return undefined
  if (slashes[1] !== '//') throw malformed(text, 'is malformed', `expected ${SHAPE}`)
  if (text.includes('#')) throw malformed(text, 'has a # in it', 'a # inside a name is written %23')
  const mark = text.indexOf('?')
  const parts = text.slice(slashes[0].length, mark === -1 ? undefined : mark).split('/')
  const options = mark === -1 ? {} : parseOptions(text.slice(mark + 1), text)
  if (parts.length < (options.isWhole === true ? 2 : 3)) {
    const count = `has ${parts.length} part${parts.length === 1 ? '' : 's'}`
    throw malformed(
      text,
      count,
      `expected ${SHAPE}; a / inside the mount or the field is written %2F, a | %7C`,
    )
  }
  const [mount = '', ...path] = parts.map((part) => decodePart(part, text))
  const field = options.isWhole === true ? '' : namePart(path.pop() ?? '', text)
  const all = parts.at(-1) === '*' && options.isWhole !== true ? ({ isAll: true } as const) : {}
  const reference = { mount: segments([mount], text), path: segments(path, text), field, ...all }
  // The server answers 404 for a path that ends in a dot (OpenBao API documentation).
  if (reference.path.at(-1)?.endsWith('.') === true) throw malformed(text, 'has a path that ends in a dot')
  // A version of a secret implies KV version 2, because version 1 keeps none.
  const known = options.kv ?? (options.version === undefined ? kv : 2)
  return { ...reference, ...options, ...(known === undefined ? {} : { kv: known }) }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatBaoReference(reference: BaoReference): string {
  const { field, isAll, isWhole, version, kv } = reference
  const name = isAll === true ? '*' : field === '*' ? '%2A' : encodePart(field)
  const last = isWhole === true ? '' : `/${name}`
  const options = [
    ...(isWhole === true ? ['whole'] : []),
    ...(version === undefined ? [] : [`version=${version}`]),
    ...(kv === undefined ? [] : [`kv=${kv}`]),
  ]
  return `${formatSecret(reference)}${last}${options.length === 0 ? '' : `?${options.join('&')}`}`
}

/** Returns the part of the canonical text that all fields of one secret share. */
export function formatSecret({ mount, path }: Pick<BaoReference, 'mount' | 'path'>): string {
  return `bao://${mount.map(encodePart).join('%2F')}/${path.map(encodePart).join('/')}`
}

/** Returns the part of a canonical text that all fields of one secret share, without parsing it. */
export function secretOfKey(canonical: string): string {
  const mark = canonical.indexOf('?')
  const path = mark === -1 ? canonical : canonical.slice(0, mark)
  const isWhole =
    mark !== -1 &&
    canonical
      .slice(mark + 1)
      .split('&')
      .includes('whole')
  return isWhole ? path : path.slice(0, path.lastIndexOf('/'))
}

/**
 * Returns the reference for a path of the API below `/v1/`: `secret/data/db/url`. A segment `data` behind the
 * mount belongs to KV version 2. Without a field it means the whole secret.
 */
export function mappedBaoReference(ref: string, field: string | undefined): string {
  const parts = ref.split('/').filter((part) => part !== '')
  const data = parts.indexOf('data', 1)
  const [mount, path] =
    data === -1 ? [parts.slice(0, 1), parts.slice(1)] : [parts.slice(0, data), parts.slice(data + 1)]
  const reference = { mount, path, ...(data === -1 ? {} : { kv: 2 as const }) }
  const text = formatBaoReference(
    field === undefined ? { ...reference, field: '', isWhole: true } : { ...reference, field },
  )
  return text.replace(/[|{}]/g, encodeURIComponent)
}

function decodePart(part: string, text: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformed(text, 'has a % that does not begin a %XX code', 'a % inside a name is written %25')
  }
}

/** Splits decoded parts again, because the server treats an encoded slash like any other slash. */
function segments(parts: readonly string[], text: string): string[] {
  return parts.flatMap((part) => part.split('/')).map((part) => namePart(part, text))
}

function namePart(part: string, text: string): string {
  if (part.trim() === '') throw malformed(text, 'has an empty part', `expected ${SHAPE}`)
  if (part === '.' || part === '..') throw malformed(text, `has the part ${part}, which is not a name`)
  if (/\p{Cc}/u.test(part)) throw malformed(text, 'holds a control character')
  return part
}

function encodePart(part: string): string {
  return part.replace(/[%/?#]/g, encodeURIComponent)
}

function parseOptions(query: string, text: string): Pick<BaoReference, 'version' | 'kv' | 'isWhole'> {
  const given = new Map<string, string>()
  for (const option of query.split('&')) {
    const [name = '', value = '', ...rest] = option.split('=')
    if (!OPTIONS.includes(name) || rest.length > 0)
      throw malformed(text, 'has an unknown option', advice(name))
    if (given.has(name)) throw malformed(text, `has ${name} twice`)
    given.set(name, value)
  }
  if ((given.get('whole') ?? '') !== '') throw malformed(text, 'has a value for whole', 'write ?whole')
  const version = given.get('version')
  if (version !== undefined && !/^[1-9][0-9]{0,8}$/.test(version))
    throw malformed(text, 'has a bad version', 'a version is a whole number from 1')
  const kv = given.get('kv')
  if (kv !== undefined && kv !== '1' && kv !== '2') throw malformed(text, 'has a bad kv', 'it is 1 or 2')
  if (kv === '1' && version !== undefined)
    throw malformed(text, 'asks KV version 1 for a version', 'only KV version 2 keeps versions')
  return {
    ...(given.has('whole') ? { isWhole: true } : {}),
    ...(version === undefined ? {} : { version: Number(version) }),
    ...(kv === undefined ? {} : { kv: kv === '1' ? 1 : 2 }),
  }
}

function advice(name: string): string {
  const near = nearest(name, OPTIONS)
  return near === undefined
    ? 'after the ? comes version=…, kv=… or whole; a ? inside a name is written %3F'
    : `did you mean ${near}=…?`
}

function malformed(text: string, says: string, hint?: string): LocketError {
  const shown = text.replace(/\p{Cc}/gu, '?').slice(0, 120)
  return new LocketError('ref_syntax', `${shown} ${says}`, { hint })
}

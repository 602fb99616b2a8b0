import { LocketError } from '../../../core/vocabulary/errors.ts'
import { nearest } from '../../../core/text/nearest.ts'

/** The parts of `scheme://path?name=value&…`, still encoded, and its options, decoded. */
interface SplitReference<O extends string> {
  /** The text between the two slashes and the `?`. */
  readonly path: string
  readonly options: ReadonlyMap<O, string>
  /** True for the option that is written `name=*`, and false for `name=%2A`. */
  readonly isStar: (name: O) => boolean
}

/**
 * Splits a reference. Returns undefined for a text of another scheme; `scheme:x` is one. Throws `ref_syntax`
 * for `scheme:/x`, a `#`, and an option that is unknown, empty or given twice. `shape` is shown in hints.
 */
export function splitReference<const O extends string>(
  text: string,
  { scheme, shape, names }: { readonly scheme: string; readonly shape: string; readonly names: readonly O[] },
): SplitReference<O> | undefined {
  const head = `${scheme}:/`
  if (text.slice(0, head.length).toLowerCase() !== head) return undefined
  if (text[head.length] !== '/') throw malformedReference(text, 'is malformed', `expected ${shape}`)
  if (text.includes('#'))
    throw malformedReference(text, 'has a # in it', `expected ${shape}; a # inside a name is written %23`)
  const rest = text.slice(head.length + 1)
  const mark = rest.indexOf('?')
  const path = mark === -1 ? rest : rest.slice(0, mark)
  const given = mark === -1 ? new Map<O, string>() : splitOptions(rest.slice(mark + 1), names, text)
  const options = new Map([...given].map(([name, value]) => [name, decodeReference(value, text)]))
  return { path, options, isStar: (name) => given.get(name) === '*' }
}

function splitOptions<O extends string>(query: string, names: readonly O[], text: string): Map<O, string> {
  const given = new Map<O, string>()
  for (const part of query.split('&')) {
    const [written = '', value = '', ...more] = part.split('=')
    const name = names.find((known) => known === written)
    if (name === undefined) {
      const near = nearest(written, names)
      const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}=…?`
      throw malformedReference(text, written === '' ? 'has an empty option' : 'has an unknown option', hint)
    }
    if (given.has(name)) throw malformedReference(text, `has ${name} more than once`)
    if (value === '' || more.length > 0)
      throw malformedReference(text, `has no value for ${name}`, `leave ${name} out, or write ${name}=VALUE`)
    given.set(name, value)
  }
  return given
}

/** Returns a part of a reference without its %XX codes. Throws `ref_syntax`, also for a control character. */
export function decodeReference(part: string, text: string): string {
  const decoded = decodeOrUndefined(part)
  if (decoded === undefined)
    throw malformedReference(
      text,
      'has a % that does not begin a %XX code',
      'a % inside a name is written %25',
    )
  if (/\p{Cc}/u.test(decoded)) throw malformedReference(text, 'holds a control character')
  return decoded
}

function decodeOrUndefined(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/** Returns `?name=value&…` in the given order, without what is undefined; an empty text without any. */
export function formatOptions(
  options: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  return given.length === 0 ? '' : `?${given.join('&')}`
}

/** Returns a part of a canonical reference: everything that has a meaning in a reference is encoded. */
export function encodeReference(part: string): string {
  return part === '*' ? '%2A' : part.replaceAll(/[%?#&=]/g, encodeURIComponent)
}

/** Returns the `ref_syntax` error of a reference. `says` follows its text. */
export function malformedReference(text: string, says: string, hint?: string): LocketError {
  const shown = text.replace(/\p{Cc}/gu, '?').slice(0, 120)
  return new LocketError('ref_syntax', `${shown} ${says}`, { hint })
}

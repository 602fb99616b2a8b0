import { LocketError } from '../vocabulary/errors.ts'
import type { Secret } from '../vocabulary/secret.ts'
import { isBoundTo, type BlindBinding, type BlindPlace, type RequestLine } from './binding.ts'

/** A value that a command uses without having it. */
export interface BlindSecret {
  /** The name of the variable. */
  readonly name: string
  readonly placeholder: string
  /** Undefined: the value is used for no request. */
  readonly binding: BlindBinding | undefined
  readonly value: Secret
}

/** Names and values of headers, in their order, as in `rawHeaders` of Node: a name may be there twice. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

/** A request as the command sends it. */
export interface RequestHead extends RequestLine {
  readonly headers: HeaderList
}

/** A replaced placeholder, or one that was left. */
export interface SwapNote {
  /** The name of the variable. */
  readonly name: string
  /** `header authorization`, `basic`, `query key`, `body`. */
  readonly place: string
}

/** A request as it is sent on. */
interface SwappedHead {
  readonly target: string
  readonly headers: HeaderList
  readonly swapped: readonly SwapNote[]
  /** Placeholders that were sent on unchanged, because their values are not bound to this place. */
  readonly left: readonly SwapNote[]
  /** The values that may be put into the body. */
  readonly forBody: readonly BlindSecret[]
}

const BASIC = /^basic +([a-z0-9+/_-]+={0,2})$/i

/**
 * Replaces the placeholders in the bound places of a request. Everything else is returned unchanged. Throws
 * `unfit_value` when a value holds a control character and belongs into a header.
 */
export function swapHead(request: RequestHead, secrets: readonly BlindSecret[]): SwappedHead {
  const swapped: SwapNote[] = []
  const left: SwapNote[] = []
  const there = secretsIn(request, secrets)
  if (there.length === 0) return { ...request, swapped, left, forBody: bodySecrets(request, secrets) }
  const bound = there.filter(({ binding }) => binding !== undefined && isBoundTo(binding, request))
  const placed = (kind: BlindPlace['kind'], name = '') =>
    bound.filter(({ binding }) => binding?.places.some((place) => isPlace(place, kind, name)))

  function headerText(name: string, text: string): string {
    const key = name.toLowerCase()
    let value = text
    if (key === 'authorization') {
      const basic = swapBasic(value, placed('basic'))
      value = basic?.value ?? value
      swapped.push(...(basic?.names ?? []).map((it) => ({ name: it, place: 'basic' })))
    }
    for (const secret of placed('header', key)) {
      if (!value.includes(secret.placeholder)) continue
      value = value.replaceAll(secret.placeholder, () => headerForm(secret))
      swapped.push({ name: secret.name, place: `header ${key}` })
    }
    return value
  }

  const headers = request.headers.map(([name, text]) => [name, headerText(name, text)] as const)
  const target = swapQuery(request.target, (name) => placed('query', name), swapped)
  for (const { name, placeholder } of there) {
    if (target.includes(placeholder)) left.push({ name, place: 'target' })
    for (const [header, text] of headers)
      if (text.includes(placeholder)) left.push({ name, place: `header ${header.toLowerCase()}` })
  }
  return { target, headers, swapped, left, forBody: bodySecrets(request, secrets) }
}

/** Returns the secrets whose placeholders are in the head. Most requests have one or none. */
function secretsIn(
  { target, headers }: RequestHead,
  secrets: readonly BlindSecret[],
): readonly BlindSecret[] {
  let text = target
  for (const [name, value] of headers) {
    text += `\n${value}`
    const [, encoded] = (name.toLowerCase() === 'authorization' && BASIC.exec(value.trim())) || []
    if (encoded !== undefined) text += `\n${Buffer.from(encoded, 'base64').toString('latin1')}`
  }
  return secrets.filter(({ placeholder }) => text.includes(placeholder))
}

function bodySecrets(request: RequestHead, secrets: readonly BlindSecret[]): readonly BlindSecret[] {
  return secrets.filter(
    ({ binding }) =>
      binding?.places.some(({ kind }) => kind === 'body') === true && isBoundTo(binding, request),
  )
}

function isPlace(place: BlindPlace, kind: BlindPlace['kind'], name: string): boolean {
  if (place.kind !== kind) return false
  return !('name' in place) || place.name === name
}

/** Decodes `Basic …`, replaces in user and password, and encodes again. Undefined: nothing is replaced. */
function swapBasic(
  text: string,
  secrets: readonly BlindSecret[],
): { readonly value: string; readonly names: readonly string[] } | undefined {
  const [, encoded] = (secrets.length > 0 && BASIC.exec(text.trim())) || []
  if (encoded === undefined) return undefined
  let plain = Buffer.from(encoded, 'base64').toString('latin1')
  const names: string[] = []
  for (const secret of secrets) {
    if (!plain.includes(secret.placeholder)) continue
    plain = plain.replaceAll(secret.placeholder, () => headerForm(secret))
    names.push(secret.name)
  }
  if (names.length === 0) return undefined
  return { value: `Basic ${Buffer.from(plain, 'latin1').toString('base64')}`, names }
}

function swapQuery(
  target: string,
  placed: (name: string) => readonly BlindSecret[],
  swapped: SwapNote[],
): string {
  const start = target.indexOf('?') + 1
  if (start === 0) return target
  const parts = target
    .slice(start)
    .split('&')
    .map((part) => {
      const equals = part.indexOf('=')
      if (equals === -1) return part
      const name = decoded(part.slice(0, equals))
      let value = part.slice(equals + 1)
      for (const secret of placed(name)) {
        if (!value.includes(secret.placeholder)) continue
        value = value.replaceAll(secret.placeholder, () => percentEncoded(secret.value.reveal()))
        swapped.push({ name: secret.name, place: `query ${name}` })
      }
      return `${part.slice(0, equals)}=${value}`
    })
  return target.slice(0, start) + parts.join('&')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Returns the bytes of a value as Node writes them into a header. */
function headerForm({ name, value }: BlindSecret): string {
  const text = Buffer.from(value.reveal()).toString('latin1')
  // A line break would begin another header.
  if (!/\p{Cc}/u.test(text.replaceAll(/[\t\x80-\x9f]/g, ''))) return text
  throw new LocketError(
    'unfit_value',
    `the value of ${name} holds a control character, which no header can`,
    {
      hint: 'a line break at the end goes away with {{ reference | trim }}',
    },
  )
}

function percentEncoded(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9._~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** How a value is written into a body, by the content type of the body. */
function bodyForm(value: Secret, contentType: string): Buffer {
  const bytes = Buffer.from(value.reveal())
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/x-www-form-urlencoded') return Buffer.from(percentEncoded(bytes), 'latin1')
  if (type === 'application/json' || type.endsWith('+json'))
    return Buffer.from(JSON.stringify(bytes.toString('utf8')).slice(1, -1))
  return bytes
}

/** Bytes of a body with its values: a placeholder may be in it many times. */
const MOST_SWAPPED = 16 * 1024 * 1024

/**
 * Replaces the placeholders in a whole body. A value is written as JSON text in JSON, percent-encoded in a
 * form, and otherwise as it is. Throws `too_large` above 16 MiB.
 */
export function swapBody(
  body: Uint8Array,
  contentType: string,
  secrets: readonly BlindSecret[],
): { readonly body: Uint8Array; readonly swapped: readonly SwapNote[] } {
  const swapped: SwapNote[] = []
  let text: Buffer = Buffer.from(body)
  for (const { name, placeholder, value } of secrets) {
    if (!text.includes(placeholder)) continue
    const form = bodyForm(value, contentType)
    const parts = text.toString('latin1').split(placeholder)
    if (text.length + (parts.length - 1) * (form.length - placeholder.length) > MOST_SWAPPED)
      throw new LocketError('too_large', 'a body with the values in it has at most 16 MiB')
    text = Buffer.from(parts.join(form.toString('latin1')), 'latin1')
    swapped.push({ name, place: 'body' })
  }
  return { body: text, swapped }
}

/** The parameters of a signature (RFC 9421, section 2.3). */
interface SignatureParameters {
  /** Seconds since the epoch. */
  readonly created?: number
  readonly nonce?: string
  readonly keyid?: string
  readonly alg?: string
  readonly tag?: string
}

/** One member of the header `Signature-Input`. */
export interface SignatureInput {
  readonly label: string
  /** The covered components as they are written: `"@method"`, `"signature";req;key="a"`. */
  readonly components: readonly string[]
  readonly parameters: SignatureParameters
  /** The text after `label=`: the value of `@signature-params` in the signature base. */
  readonly text: string
}

/** Longest header that is read, in characters. Our own has some 300. */
const MOST_CHARACTERS = 2048
const MOST_COMPONENTS = 16

const LABEL = /([a-z*][a-z0-9_.*-]{0,63})=/y
const COMPONENT = /"[!#-[\]-~]{1,128}"(?:;[a-z*][a-z0-9_.*-]{0,31}(?:="[!#-[\]-~]{0,128}")?){0,4}/y
const PARAMETER = /;([a-z]{1,16})=(?:(\d{1,15})|"([ !#-[\]-~]{0,256})")/y
const NUMBERS: ReadonlySet<string> = new Set(['created'])
const TEXTS: ReadonlySet<string> = new Set(['nonce', 'keyid', 'alg', 'tag'])

/** Returns the text of `SignatureInput.text`. The values must be printable ASCII without `"` and `\`. */
export function formatSignatureInput(components: readonly string[], parameters: SignatureParameters): string {
  const written = Object.entries(parameters).map(([name, value]) =>
    typeof value === 'number' ? `;${name}=${value}` : `;${name}="${value}"`,
  )
  return `(${components.join(' ')})${written.join('')}`
}

/**
 * Parses the header `Signature-Input` with exactly one member, in the canonical form of RFC 8941. Undefined:
 * anything else, a parameter that is unknown or given twice, or a header of more than 2048 characters.
 */
export function parseSignatureInput(header: string): SignatureInput | undefined {
  if (header.length > MOST_CHARACTERS) return undefined
  const label = match(LABEL, header, 0)
  if (label === undefined) return undefined
  const list = parseComponents(header, label.end)
  if (list === undefined) return undefined
  const parameters = parseParameters(header, list.end)
  if (parameters === undefined) return undefined
  const { components } = list
  return { label: label.groups[0] ?? '', components, parameters, text: header.slice(label.end) }
}

/** Parses the header `Signature` with one signature of 64 bytes. Undefined: anything else. */
export function parseSignature(
  header: string,
): { readonly label: string; readonly signature: Uint8Array } | undefined {
  const [, label, text = ''] = /^([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]{86}==):$/.exec(header) ?? []
  if (label === undefined) return undefined
  const signature = new Uint8Array(Buffer.from(text, 'base64'))
  // The last characters of a base64 text have bits that decoding drops: only one spelling is accepted.
  return byteSequence(signature) === `:${text}:` ? { label, signature } : undefined
}

/** Returns bytes as RFC 8941 writes them: `:base64:`. */
export function byteSequence(bytes: Uint8Array): string {
  return `:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}:`
}

/**
 * Returns the text that is signed (RFC 9421, section 2.5). `values` holds the value of each component, by its
 * written form. Undefined: a component has no value, occurs twice, or its value has a character that could
 * begin another line.
 */
export function signatureBase(
  input: Pick<SignatureInput, 'components' | 'text'>,
  values: ReadonlyMap<string, string>,
): string | undefined {
  if (new Set(input.components).size !== input.components.length) return undefined
  const lines: string[] = []
  for (const component of input.components) {
    const value = values.get(component)
    if (value === undefined || !/^[\x20-\x7e]*$/.test(value)) return undefined
    lines.push(`${component}: ${value}`)
  }
  return [...lines, `"@signature-params": ${input.text}`].join('\n')
}

interface Matched {
  readonly groups: readonly (string | undefined)[]
  readonly end: number
}

function match(pattern: RegExp, text: string, at: number): Matched | undefined {
  pattern.lastIndex = at
  const found = pattern.exec(text)
  if (found === null) return undefined
  const [whole, ...groups] = found
  return { groups, end: at + whole.length }
}

function parseComponents(
  text: string,
  start: number,
): { readonly components: readonly string[]; readonly end: number } | undefined {
  const components: string[] = []
  if (text[start] !== '(') return undefined
  for (let at = start + 1; ;) {
    if (text[at] === ')') return { components, end: at + 1 }
    if (components.length > 0 && text[at] !== ' ') return undefined
    const from = components.length === 0 ? at : at + 1
    const found = match(COMPONENT, text, from)
    if (found === undefined || components.length === MOST_COMPONENTS) return undefined
    components.push(text.slice(from, found.end))
    at = found.end
  }
}

function parseParameters(text: string, start: number): SignatureParameters | undefined {
  const parameters: Record<string, string | number> = {}
  for (let at = start; at < text.length;) {
    const found = match(PARAMETER, text, at)
    if (found === undefined) return undefined
    const [name = '', digits, string] = found.groups
    const isKnown = (digits === undefined ? TEXTS : NUMBERS).has(name)
    if (!isKnown || Object.hasOwn(parameters, name)) return undefined
    parameters[name] = digits === undefined ? (string ?? '') : Number(digits)
    at = found.end
  }
  return parameters
}

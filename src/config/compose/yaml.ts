import { LineCounter, parseDocument, type ScalarTag } from 'yaml'

/** The limit of uses of anchors in a compose file. A file with more could exhaust the memory. */
const MOST_ALIASES = 10_000

/** A mapping of a YAML text. */
export type Mapping = Readonly<Record<string, unknown>>

/** The content of a YAML text, or a problem with its place. A problem never quotes the text. */
type ReadYaml = { readonly content: unknown } | { readonly problem: string }

/**
 * Parses YAML as Compose does, with merge keys and anchors. Plain scalars follow Compose's rules for numbers:
 * `0700` is octal, `1_000` has a separator, `yes` is a text. Texts come as strings, numbers as number or
 * bigint, dates as Date.
 */
export function readYaml(text: string): ReadYaml {
  const lineCounter = new LineCounter()
  try {
    const document = parseDocument(text, {
      schema: 'failsafe',
      customTags: [NULL, BOOLEAN, INTEGER, FLOAT, DATE],
      merge: true,
      lineCounter,
      logLevel: 'error',
    })
    const [error] = document.errors
    if (error === undefined) return { content: document.toJS({ maxAliasCount: MOST_ALIASES }) }
    const { line, col } = lineCounter.linePos(error.pos[0])
    const reason =
      error.code === 'MULTIPLE_DOCS'
        ? 'a second document, which locket does not read'
        : `not valid YAML (${wordsOf(error.code)})`
    return { problem: `line ${line}, column ${col}: ${reason}` }
  } catch {
    // The nesting is deeper than the stack, or an alias is wrong. The message of the parser would quote the
    // alias.
    return { problem: 'an alias without its anchor, too many aliases, or too many levels' }
  }
}

/** True for a mapping, as opposed to a list, a date or a scalar. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/**
 * Returns a number as Compose passes it on, formatted by the rules of Go: 0700 becomes 448, 1e6 becomes
 * 1e+06.
 */
export function numberText(value: number | bigint): string {
  if (typeof value === 'bigint') return String(value)
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  if (Number(exponent) >= -4 && Number(exponent) < 6) return String(value)
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`
}

const NULL: ScalarTag = {
  tag: 'tag:yaml.org,2002:null',
  default: true,
  test: /^(?:~|null|Null|NULL)?$/,
  resolve: () => null,
}

const BOOLEAN: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:true|True|TRUE|false|False|FALSE)$/,
  resolve: (text) => /^t/i.test(text),
}

const INTEGER: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:0[xX][0-9a-fA-F][0-9a-fA-F_]*|0[bB][01][01_]*|0[oO]?_*[0-7][0-7_]*|0|[1-9][0-9_]*)$/,
  resolve: integerOf,
}

const FLOAT: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^(?:[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  resolve: floatOf,
}

/** A date. Compose does not accept a date as a text. */
const DATE: ScalarTag = {
  tag: 'tag:yaml.org,2002:timestamp',
  default: true,
  test: /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt\s][0-9])/,
  resolve: () => new Date(0),
}

const LARGEST_INTEGER = 2n ** 64n

function integerOf(text: string): number | bigint {
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '')
  const value = BigInt(digits.replace(/^0[oO]?(?=[0-7])/, '0o'))
  const signed = text.startsWith('-') ? -value : value
  return value < LARGEST_INTEGER ? signed : Number(signed)
}

function floatOf(text: string): number {
  if (/nan$/i.test(text)) return Number.NaN
  if (/inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return Number(text.replaceAll('_', ''))
}

/** Returns `bad indent` for `BAD_INDENT`. The parser's own messages quote the file. */
function wordsOf(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ')
}

import { LocketError } from '../vocabulary/errors.ts'

/** One `NAME=VALUE` of a .env file. */
export interface DotenvEntry {
  readonly name: string
  readonly value: string
  /** Line where the entry begins, counted from 1. */
  readonly line: number
}

/** A value and the offset of the line break or end after it, or a problem and its offset. */
type Read =
  | { readonly value: string; readonly end: number }
  | { readonly problem: string; readonly hint: string; readonly at: number }

const ASSIGNMENT = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/y
const BLANK_OR_COMMENT = /[ \t]*(?:#[^\n]*)?(?=\n|$)/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' }

/**
 * Returns the entries of a `.env` text. When a name is repeated, the last entry is kept. Values in '…', "…"
 * or `…` may span lines; only "…" has escapes: \n \r \t \" \\ \$. Outside quotes a # after a blank begins a
 * comment, unless it is inside {{ }}. Nothing is expanded. Throws `config` with the facts `path` (which is
 * `origin`) and `line`. The error never quotes the text, because any part may belong to a secret.
 */
export function parseDotenv(text: string, origin: string): readonly DotenvEntry[] {
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const entries = new Map<string, DotenvEntry>()
  let line = 1
  for (let at = 0; at < source.length;) {
    const assignment = matchAt(ASSIGNMENT, source, at)
    const comment = assignment === undefined ? matchAt(BLANK_OR_COMMENT, source, at) : undefined
    const read =
      assignment === undefined ? emptyLine(source, comment, at) : readValue(source, at + assignment[0].length)
    const name = assignment?.[1]
    if ('problem' in read) {
      const { problem, hint } = read
      throw new LocketError('config', name === undefined ? problem : `${problem}${ofVariable(name)}`, {
        facts: { path: origin, line: line + lineBreaks(source, at, read.at) },
        hint: name === undefined ? `${hint}${afterVariable([...entries.keys()].at(-1))}` : hint,
      })
    }
    if (name !== undefined) entries.set(name, { name, value: read.value, line })
    line += lineBreaks(source, at, read.end + 1)
    at = read.end + 1
  }
  return [...entries.values()]
}

function emptyLine(source: string, comment: RegExpExecArray | undefined, at: number): Read {
  if (comment !== undefined) return { value: '', end: at + comment[0].length }
  const hint =
    SHAPES.find(([pattern]) => matchAt(pattern, source, at) !== undefined)?.[1] ??
    'a variable has a name, = and a value; commands of a shell are not run'
  return { problem: 'a line must be NAME=VALUE, a comment or empty', hint, at }
}

/** Shapes of lines that are not entries, and the way to correct each. */
const SHAPES: readonly (readonly [shape: RegExp, hint: string])[] = [
  [/[ \t]*=/y, 'the name before the = is missing'],
  [/[ \t]*(?:export[ \t]+)?[0-9]/y, 'a name begins with a letter or _'],
  [/[ \t]*[A-Za-z_][A-Za-z0-9_.-]{0,255}[ \t]*:/y, 'write = in place of the colon'],
  [
    /[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_.-]{0,255}[ \t]*(?=\n|$)/y,
    'write = and a value after the name',
  ],
  [/[^=\n]{0,255}=/y, 'a name holds only letters, digits, _, . and -'],
]

/** Returns the end of a message about the value of a variable. */
function ofVariable(name: string): string {
  return isShown(name) ? `, in the value of ${name}` : ''
}

/** Returns the end of a hint about a line that may be the second one of a value. */
function afterVariable(name: string | undefined): string {
  if (name === undefined) return ''
  const shown = isShown(name) ? ` of ${name}` : ''
  return `; a value of several lines must be in quotes, such as that${shown} above`
}

/** False for a name that may be a part of a value without quotes, such as base64. */
function isShown(name: string): boolean {
  return name.length <= 64 && (name === name.toUpperCase() || name === name.toLowerCase())
}

function readValue(source: string, at: number): Read {
  const first = source[at]
  const read =
    first === '"' || first === "'" || first === '`' ? readQuoted(source, at, first) : readPlain(source, at)
  if ('value' in read && read.value.includes('\0'))
    return { problem: 'a value must not hold a NUL character', hint: 'remove it', at }
  return read
}

function readQuoted(source: string, start: number, quote: string): Read {
  const hasEscapes = quote === '"'
  let at = start + 1
  while (at < source.length && source[at] !== quote) at += hasEscapes && source[at] === '\\' ? 2 : 1
  if (at >= source.length)
    return { problem: `the quote ${quote} is not closed`, hint: `end the value with ${quote}`, at: start }
  const rest = matchAt(BLANK_OR_COMMENT, source, at + 1)
  if (rest === undefined) {
    const hint = hasEscapes ? 'a quote inside "…" is written \\"' : `put a value that holds ${quote} in "…"`
    return { problem: `only a comment may follow the closing quote ${quote}`, hint, at }
  }
  const inside = source.slice(start + 1, at)
  const value = hasEscapes
    ? inside.replace(/\\([nrt"\\$])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
    : inside
  return { value, end: at + 1 + rest[0].length }
}

function readPlain(source: string, start: number): Read {
  const lineEnd = source.indexOf('\n', start)
  const end = lineEnd === -1 ? source.length : lineEnd
  const line = source.slice(start, end)
  const isBlankBefore = /[ \t]/.test(source[start - 1] ?? '')
  return { value: line.slice(0, commentStart(line, isBlankBefore)).trimEnd(), end }
}

/** Returns the offset of the comment in a value without quotes, or the length of the line. */
function commentStart(line: string, isBlankBefore: boolean): number {
  const lastClose = line.lastIndexOf('}}')
  let wasBlank = isBlankBefore
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '#' && wasBlank) return at
    if (at < lastClose && line.startsWith('{{', at)) at = line.indexOf('}}', at + 2) + 1
    wasBlank = line[at] === ' ' || line[at] === '\t'
  }
  return line.length
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(source) ?? undefined
}

function lineBreaks(source: string, from: number, to: number): number {
  let count = 0
  for (let at = source.indexOf('\n', from); at !== -1 && at < to; at = source.indexOf('\n', at + 1))
    count += 1
  return count
}

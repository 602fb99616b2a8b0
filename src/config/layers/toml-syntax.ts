import { parse, TomlError } from 'smol-toml'

/** One mistake in the syntax of a TOML text. */
interface SyntaxFault {
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly column: number
  /** The mistake and how to correct it. It never quotes the text, which may hold a token. */
  readonly says: string
}

/** The readable part of a TOML text. */
interface ReadToml {
  readonly tables: Readonly<Record<string, unknown>>
  /** The text without the lines that cannot be read. The other lines keep their numbers. */
  readonly text: string
  readonly faults: readonly SyntaxFault[]
}

/** Most faults that are looked for: each one costs a parse of the whole text. */
const MOST_FAULTS = 10

const VALUE = 'this is not a value: put a text in quotes, like "30s"; true and false have no capitals'
const OPEN_QUOTE = 'the quote is not closed on its line: close it, or put a text of several lines in """'
const KEY = 'write NAME = VALUE, [TABLE] or a # comment'
const TWICE = 'this is set a second time: keep one of both'
const ESCAPE = 'a \\ in "…" begins an escape: write the text in single quotes, or \\\\ for each \\'
const COMMA = 'a comma or the closing bracket is missing before this'
const DATE = 'this is not a date or time: put a text in quotes'

/** The messages of the parser, version 1, and what a user can do. Another message gets `OTHER`. */
const SENTENCES: readonly (readonly [message: RegExp, says: string])[] = [
  [/^illegal leading zero/, 'a number must not begin with 0: write a mode as text in quotes, like "0640"'],
  [/^invalid value|numeric|underscore|losslessly/, VALUE],
  [/^control characters are not allowed in strings/, OPEN_QUOTE],
  [/^unfinished string/, 'the quote is not closed'],
  [/^control characters/, 'a comment must not hold control characters: remove them'],
  [/^illegal character in key|^incomplete key|^unexpected end of key/, KEY],
  [/^illegal empty bare key/, 'the name before the = is missing'],
  [/^illegal quoted key/, 'a name must be on one line'],
  [/redefine/, TWICE],
  [/end-of-line/, 'only a # comment may follow a value: begin a new line, and put a text in quotes'],
  [/^expected comma/, COMMA],
  [/^unfinished array/, 'the list is not closed: add ]'],
  [/^unfinished table/, 'the table is not closed: add }'],
  [/^expected end of table array/, 'a table that begins with [[ ends with ]]'],
  [/escape/, ESCAPE],
  [/^invalid date/, DATE],
  [/nested/, 'lists and tables are nested too deeply'],
]
const OTHER = 'this is not TOML'

/**
 * Messages about a value that may have several lines. The text from there on is left out: its lines would be
 * misread.
 */
const OF_SEVERAL_LINES = /^unfinished (?:array|table|string)|^expected comma/

/**
 * Parses a TOML text and goes on after a mistake, so that a user can correct all of them at once: the line,
 * or for a heading its table, is left out. Returns at most ten faults.
 */
export function readToml(text: string): ReadToml {
  const lines = text.split('\n')
  const faults: SyntaxFault[] = []
  let first: SyntaxFault | undefined
  let isCut = false
  for (let tries = 0; tries < 2 * MOST_FAULTS && faults.length < MOST_FAULTS; tries += 1) {
    const rest = lines.join('\n')
    const read = parseTables(rest)
    if ('tables' in read) return { tables: read.tables, text: rest, faults: orFirst(faults, first) }
    const { fault, message } = read
    const index = fault.line - 1
    // The end of the text is wrong because of something before it, which the next try finds.
    const isAtEnd = (lines[index] ?? '').trim() === ''
    if (!isCut && !isAtEnd) faults.push(fault)
    if (isAtEnd || OF_SEVERAL_LINES.test(message)) lines.splice(index)
    else leaveOut(lines, index)
    isCut ||= !isAtEnd && OF_SEVERAL_LINES.test(message)
    first ??= fault
  }
  return { tables: {}, text: '', faults: orFirst(faults, first) }
}

/** Returns the faults. A text from which anything was left out has at least one. */
function orFirst(faults: readonly SyntaxFault[], first: SyntaxFault | undefined): readonly SyntaxFault[] {
  return faults.length === 0 && first !== undefined ? [first] : faults
}

function parseTables(
  text: string,
): Pick<ReadToml, 'tables'> | { readonly fault: SyntaxFault; readonly message: string } {
  try {
    return { tables: parse(text, { integersAsBigInt: false }) }
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown
    const { line, column } = thrown
    // The first line only: the rest quotes the text.
    const message = (thrown.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '')
    const says = SENTENCES.find(([pattern]) => pattern.test(message))?.[1] ?? OTHER
    return { fault: { line, column, says }, message }
  }
}

/** Empties the line at `index`, and after a heading also the lines of its table. */
function leaveOut(lines: string[], index: number): void {
  const isHeading = (line = '') => line.trimStart().startsWith('[')
  const wasHeading = isHeading(lines[index])
  lines[index] = ''
  if (!wasHeading) return
  for (let at = index + 1; at < lines.length && !isHeading(lines[at]); at += 1) lines[at] = ''
}

import { fieldKind, type Field, type Section } from '../../settings/field.ts'

/** Returns all flags of a field as one text: `--secret NAME=TEMPLATE, --secrets`. */
export function flagText(field: Field): string {
  const value = fieldKind(field) === 'switch' ? '' : ` ${field.placeholder ?? 'VALUE'}`
  const short = field.short === undefined ? [] : [`-${field.short}`]
  return [...short, `--${field.name}${value}`, ...(field.aliases ?? []).map((name) => `--${name}`)].join(', ')
}

/** Returns the default of a field as people see it; empty when there is none. */
export function defaultText(field: Field): string {
  return field.userDefault === undefined || field.default === undefined
    ? (field.default ?? '')
    : `${field.default} (not root: ~/.config/locket/${field.userDefault})`
}

/** True for a switch that can be on by default. */
export function isOnAtTimes(field: Field): boolean {
  return fieldKind(field) === 'switch' && field.default !== 'false'
}

/** Returns the lines of a section for `--help`: flag and summary, side by side, without rare flags. */
export function shortHelp({ title, fields }: Section): string[] {
  const shown = Object.values(fields).filter(({ isRare }) => isRare !== true)
  return [`${title}:`, ...shown.flatMap(shortHelpOf), '']
}

/** Returns the lines of a section for `--help-all`: every name of a flag, its variable and its default. */
export function fullHelp({ title, fields }: Section): string[] {
  return [`${title}:`, ...Object.values(fields).flatMap(fullHelpOf), '']
}

/** Returns a line for two sections: `--connect-*  1Password Connect  --op-*  1Password service accounts`. */
export function groupHelp(sections: readonly Section[]): string[] {
  const cells = sections.map(({ title, fields }) => {
    const names = Object.values(fields).map(({ name }) => name)
    const flags = names.length === 1 ? `--${names[0]}` : `--${commonStart(names)}*`
    return `  ${flags.padEnd(GROUP_FLAG)}${title}`
  })
  const width = 2 + GROUP_FLAG + GROUP_TITLE
  return cells.flatMap((cell, at) =>
    at % 2 === 0 ? `${cell.padEnd(width)}${cells[at + 1] ?? ''}`.trimEnd() : [],
  )
}

const GROUP_FLAG = 16
const GROUP_TITLE = 36

/** Sets a flag beside the lines of its text. A flag that is too long for its column is above the text. */
export function beside(flag: string, text: readonly string[]): string[] {
  const left = `  ${flag}`
  const margin = ' '.repeat(COLUMN)
  const lines = text.map((line) => `${margin}${line}`)
  return left.length + 2 > COLUMN
    ? [left, ...lines]
    : [left + (lines[0] ?? '').slice(left.length), ...lines.slice(1)]
}

const COLUMN = 30
const TEXT = 74

/** Breaks `text` at spaces into lines of at most `width` characters. A longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function shortHelpOf(field: Field): string[] {
  const value = fieldKind(field) === 'switch' ? '' : ` ${field.placeholder ?? 'VALUE'}`
  const short = field.short === undefined ? '' : `-${field.short}, `
  const said = field.brief ?? field.summary
  const text = hasTellingDefault(field) ? `${said} (default ${defaultText(field)})` : said
  const no = isOnAtTimes(field) ? '[no-]' : ''
  return beside(`${short}--${no}${field.name}${value}`, wrap(text, TEXT))
}

function fullHelpOf(field: Field): string[] {
  const facts = [
    ...(field.env === undefined ? [] : [field.env]),
    ...(hasTellingDefault(field) ? [`default ${defaultText(field)}`] : []),
    ...(fieldKind(field) === 'list' ? ['may be repeated'] : []),
  ]
  const text = facts.length === 0 ? field.summary : `${field.summary} [${facts.join('; ')}]`
  return [`  ${flagText(field)}`, ...wrap(text, 90).map((line) => `      ${line}`)]
}

/** True for a default that help shows. The default of a switch that is off is not shown. */
function hasTellingDefault(field: Field): boolean {
  return field.default !== undefined && (fieldKind(field) !== 'switch' || isOnAtTimes(field))
}

/** Returns the common beginning of the names, up to its last dash. */
function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length
  while (
    length > 0 &&
    !(first[length - 1] === '-' && others.every((name) => name.startsWith(first.slice(0, length))))
  )
    length -= 1
  return first.slice(0, length)
}

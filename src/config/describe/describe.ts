import { fieldKind, type Field, type Section } from '../../settings/field.ts'

/** `--secret NAME=TEMPLATE, --secrets`. */
export function flagText(field: Field): string {
  const value = fieldKind(field) === 'switch' ? '' : ` ${field.placeholder ?? 'VALUE'}`
  const short = field.short === undefined ? [] : [`-${field.short}`]
  return [...short, `--${field.name}${value}`, ...(field.aliases ?? []).map((name) => `--${name}`)].join(', ')
}

/** What stands when nobody sets it, as it is shown. */
export function defaultText(field: Field): string {
  return field.userDefault === undefined || field.default === undefined
    ? (field.default ?? '')
    : `${field.default} (not root: ~/.config/locket/${field.userDefault})`
}

/** A switch that may be on without being asked for. */
export function isOnAtTimes(field: Field): boolean {
  return fieldKind(field) === 'switch' && field.default !== 'false'
}

/** A section as help shows it: flag and what it does, side by side. */
export function shortHelp({ title, fields }: Section): string[] {
  return [`${title}:`, ...Object.values(fields).flatMap(shortHelpOf), '']
}

/** A section with everything that is known of it: each name of a flag, its variable, its default. */
export function fullHelp({ title, fields }: Section): string[] {
  return [`${title}:`, ...Object.values(fields).flatMap(fullHelpOf), '']
}

/** A section in one line: `--connect-*   1Password Connect`. */
export function groupHelp({ title, fields }: Section): string {
  const names = Object.values(fields).map(({ name }) => name)
  return beside(names.length === 1 ? `--${names[0]}` : `--${commonStart(names)}*`, [title]).join('')
}

/** Two columns; a flag too long for its own stands above the text. */
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

/** Lines of at most `width` characters, broken at spaces; a longer word has a line of its own. */
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
  const text = hasTellingDefault(field) ? `${field.summary} (default ${defaultText(field)})` : field.summary
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

/** A switch is off unless it says otherwise. */
function hasTellingDefault(field: Field): boolean {
  return field.default !== undefined && (fieldKind(field) !== 'switch' || isOnAtTimes(field))
}

/** Up to the last dash that all have in common. */
function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length
  while (
    length > 0 &&
    !(first[length - 1] === '-' && others.every((name) => name.startsWith(first.slice(0, length))))
  )
    length -= 1
  return first.slice(0, length)
}

import { fieldKind, type Field, type Section } from '../settings/field.ts'

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

/** A section as help shows it: flag, variable, what it does. */
export function helpLines(section: Section): string[] {
  const fields = Object.values(section.fields)
  return [`${section.title}:`, ...fields.flatMap(helpOfField), '']
}

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

function helpOfField(field: Field): string[] {
  const facts = [
    ...(field.env === undefined ? [] : [field.env]),
    ...(field.default === undefined || fieldKind(field) === 'switch'
      ? []
      : [`default ${defaultText(field)}`]),
    ...(fieldKind(field) === 'list' ? ['may be repeated'] : []),
  ]
  const text = facts.length === 0 ? field.summary : `${field.summary} [${facts.join('; ')}]`
  return [`  ${flagText(field)}`, ...wrap(text, 90).map((line) => `      ${line}`)]
}

import { fieldKind, fieldsOf, type Field, type Section } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'
import { isOnAtTimes } from './describe.ts'
import { flagNames } from '../layers/flags.ts'

/** The words of a flag for shell completion. */
export interface FlagWords {
  /** The names with their dashes. A shell offers the first one. */
  readonly names: readonly string[]
  readonly summary: string
  readonly isList: boolean
  /** Undefined: a switch without a value. `any`: a value that a shell cannot complete. */
  readonly value?: 'file' | 'folder' | 'any' | readonly string[]
  /** The name of the value: `SIZE`. */
  readonly placeholder: string
}

/** Returns each flag of these sections once. */
export function flagWords(sections: readonly Section[]): readonly FlagWords[] {
  const fields = new Map(fieldsOf(sections).map((field) => [field.name, field]))
  return [...fields.values()].flatMap((field) =>
    isOnAtTimes(field) ? [wordsOf(field), offWords(field)] : [wordsOf(field)],
  )
}

/** Returns `--no-interactive`, for a switch that may be on by default. */
function offWords(field: Field): FlagWords {
  return { names: [`--no-${field.name}`], summary: `not: ${field.summary}`, isList: false, placeholder: '' }
}

function wordsOf(field: Field): FlagWords {
  const kind = fieldKind(field)
  const names = flagNames(field).map((name) => `--${name}`)
  const words = {
    names: field.short === undefined ? names : [...names, `-${field.short}`],
    summary: field.summary,
    isList: kind === 'list',
    placeholder: field.placeholder ?? 'VALUE',
  }
  return kind === 'switch' ? words : { ...words, value: valueOf(field) }
}

function valueOf(field: Field): NonNullable<FlagWords['value']> {
  const choices = field.schema.options
  if (choices.length > 0) return choices
  if (field.placeholder === 'DIR') return 'folder'
  return field.placeholder === 'FILE' || field.file === true || field.schema === AbsolutePath ? 'file' : 'any'
}

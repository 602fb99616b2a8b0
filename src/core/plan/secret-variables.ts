import { LocketError } from '../vocabulary/errors.ts'
import { variableNameProblem } from '../vocabulary/names.ts'
import { isRuling } from './field-names.ts'

/** A secret that is to become variables. */
export interface NamedVariables {
  /** The reference, for messages: `locket://shop/db-password`. */
  readonly text: string
  /** The name of the secret: `db-password`. */
  readonly name: string
  /** The names of its fields. Left out: the secret has one value. */
  readonly fields?: readonly string[]
}

/** The source of one variable. */
interface VariableSource {
  readonly text: string
  readonly field?: string
}

/**
 * Returns the variables of all secrets, with the source of each: `db-password` becomes DB_PASSWORD, and field
 * `user` of `db` becomes DB_USER. Letters become capital, and a run of other characters than letters and
 * digits of ASCII becomes one `_`, which is left out at both ends. Throws `plan_conflict` when two secrets
 * give one variable, and `unfit_value` for a name without letters and digits, and for a variable that rules
 * how programs run, such as PATH.
 */
export function secretVariables(secrets: Iterable<NamedVariables>): ReadonlyMap<string, VariableSource> {
  const variables = new Map<string, VariableSource>()
  for (const { text, name, fields } of secrets) {
    for (const field of fields ?? [undefined]) {
      const source = field === undefined ? { text } : { text, field }
      const variable = usable(field === undefined ? [name] : [name, field], source)
      const other = variables.get(variable)
      if (other !== undefined) throw clash(variable, other, source)
      variables.set(variable, source)
    }
  }
  return variables
}

function usable(words: readonly string[], source: VariableSource): string {
  const joined = words.map((word) => word.replace(/[^A-Za-z0-9]+/gu, '_').replace(/^_+|_+$/g, ''))
  const variable = joined
    .filter((word) => word !== '')
    .join('_')
    .toUpperCase()
  const problem =
    variable === ''
      ? 'has a name without letters and digits, which cannot become a variable'
      : variableNameProblem(variable) === undefined
        ? isRuling(variable)
          ? `would set ${variable}, which rules how programs run`
          : undefined
        : `would set ${variable}, which does not begin with a letter`
  if (problem === undefined) return variable
  throw new LocketError('unfit_value', `${shown(source)} ${problem}`, { hint: ONE_BY_ONE })
}

function clash(variable: string, one: VariableSource, other: VariableSource): LocketError {
  return new LocketError('plan_conflict', `${shown(one)} and ${shown(other)} both give ${variable}`, {
    hint: ONE_BY_ONE,
  })
}

const ONE_BY_ONE = 'name the variables one by one with --env'

function shown({ text, field }: VariableSource): string {
  return field === undefined ? text : `${text} (${field})`
}

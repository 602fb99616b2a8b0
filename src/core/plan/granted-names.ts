import { LocketError, throwErrors } from '../vocabulary/errors.ts'
import { isRuling } from './field-names.ts'

/** A secret that a provider lists: everything that the credential may read. */
export interface ListedSecret {
  /** The name that its variable is made of: `db-password`. */
  readonly name: string
  /** `locket://shop/db-password`, or `locket://shop/db/*` for one with fields. */
  readonly reference: string
  readonly hasFields: boolean
}

/** A variable of a listed secret. With a `*` in its name it stands for the variables of all fields. */
interface GrantedVariable {
  readonly name: string
  readonly reference: string
}

/**
 * Returns `DB_PASSWORD` for `db-password`: capital letters, `_` for each run of other characters, none of
 * them at the ends, and one in front of a digit.
 */
export function variableOfSecret(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return `${/^\d/.test(plain) ? '_' : ''}${plain.toUpperCase()}`
}

/**
 * Returns the variables of listed secrets, without those that have an entry of their `own`. Throws one
 * `plan_conflict` that names both secrets of each clash, and each secret whose variable could decide what a
 * program runs.
 */
export function grantedVariables(
  secrets: readonly ListedSecret[],
  own: ReadonlySet<string>,
): readonly GrantedVariable[] {
  const taken = new Map<string, string>()
  const errors: LocketError[] = []
  const variables = secrets.flatMap(({ name, reference, hasFields }) => {
    const variable = `${variableOfSecret(name)}${hasFields ? '_*' : ''}`
    if (own.has(variable)) return []
    const other = taken.get(variable)
    if (other !== undefined) errors.push(clash(variable.replace('_*', ''), other, reference))
    if (isRuling(variable.replace('_*', ''))) errors.push(rules(variable, reference))
    taken.set(variable, reference)
    return [{ name: variable, reference }]
  })
  throwErrors(errors)
  return variables
}

/** Returns the error for two secrets that give one variable. */
export function clash(variable: string, one: string, other: string): LocketError {
  return new LocketError('plan_conflict', `${one} and ${other} both give the variable ${variable}`, {
    hint: `rename one of them, or give ${variable} an entry of its own with --env`,
    facts: { references: [one, other] },
    names: ['references'],
  })
}

function rules(variable: string, reference: string): LocketError {
  return new LocketError(
    'plan_conflict',
    `${reference} gives ${variable}, which can decide what a program runs`,
    {
      hint: `rename it, or give ${variable} an entry of its own with --env`,
      facts: { references: [reference] },
      names: ['references'],
    },
  )
}

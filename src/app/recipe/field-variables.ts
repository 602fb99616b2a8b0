import {
  isRuling,
  variableOfField,
  type PlacedField,
  type VariableStyle,
} from '../../core/plan/field-names.ts'
import { clash } from '../../core/plan/granted-names.ts'
import { throwErrors, type LocketError } from '../../core/vocabulary/errors.ts'
import { shownField } from '../../core/vocabulary/fields.ts'
import { spreadTemplates, type NamedTemplate } from './fields.ts'
import type { FieldsOf } from './recipe.ts'

interface Variable extends NamedTemplate {
  /** See `RequestedFile`. */
  readonly grantedAs?: string
}

/**
 * Returns the variables with one in place of each field of a `*` reference. Throws one error that names each
 * field without a valid name, each pair of fields with one name, and each variable that no field may choose.
 * A variable of the last kind that has its own entry is left out of the fields.
 */
export function spreadVariables<V extends Variable>(
  templates: readonly V[],
  fieldsOf: FieldsOf,
  style: VariableStyle = 'upper',
): readonly V[] {
  const own = new Set(templates.map(({ name }) => name))
  const taken = new Map<V, Map<string, string>>()

  function place(variable: V, field: string): PlacedField | undefined {
    const placed = variableOfField(variable.name, field, style)
    if ('problem' in placed) return placed
    const { name } = placed
    if (isRuling(name)) return own.has(name) ? undefined : ruling(name)
    const fields = taken.get(variable) ?? new Map<string, string>()
    taken.set(variable, fields)
    const twin = fields.get(name)
    if (twin !== undefined) return { problem: `gives ${name}, as the field ${shownField(twin)} does` }
    fields.set(name, field)
    return placed
  }

  const make = (variable: V, name: string): V => ({
    ...variable,
    name,
    origin: `${variable.origin} ${name}`,
  })
  const spread = spreadTemplates({ templates, fieldsOf, place, make })
  throwErrors(clashes(spread, own))
  return spread
}

/** Returns an error for each two variables of `--all` with one name that has no entry of its own. */
function clashes(variables: readonly Variable[], own: ReadonlySet<string>): readonly LocketError[] {
  const granted = new Map<string, string>()
  return variables.flatMap(({ name, grantedAs }) => {
    if (grantedAs === undefined) return []
    const other = granted.get(name)
    granted.set(name, grantedAs)
    return other === undefined || isNamed(variables, name, own) ? [] : [clash(name, other, grantedAs)]
  })
}

function isNamed(variables: readonly Variable[], name: string, own: ReadonlySet<string>): boolean {
  return own.has(name) && variables.some((one) => one.name === name && one.grantedAs === undefined)
}

function ruling(name: string): PlacedField {
  return {
    problem: `gives ${name}, which can decide what a program runs`,
    hint: `give ${name} an entry of its own, or write a prefix before the *`,
  }
}

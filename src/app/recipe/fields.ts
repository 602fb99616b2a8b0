import { shownField } from '../../core/vocabulary/fields.ts'
import { LocketError, throwErrors } from '../../core/vocabulary/errors.ts'
import { fieldRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { FIELD_PLACE, type PlacedField } from '../../core/plan/field-names.ts'
import type { Template } from '../../core/template/template.ts'
import type { FieldsOf, PreparedTemplate } from './recipe.ts'

/** Returns the `*` reference of a template, which then has nothing else; undefined for other templates. */
export function allRefOf({ template }: Pick<PreparedTemplate, 'template'>): SecretRef | undefined {
  const [ref] = template.refs
  return ref?.isAll === true ? ref : undefined
}

/** True when one of the templates has a `*` reference. */
export function hasStar(templates: readonly Pick<PreparedTemplate, 'template'>[]): boolean {
  return templates.some((template) => allRefOf(template) !== undefined)
}

/** A template with the name that its setting gives to its file or variable. */
export interface NamedTemplate extends PreparedTemplate {
  readonly name: string
}

/**
 * Returns an error for each template with a `*` reference whose name does not hold one `*`, and for each name
 * with a `*` whose template has no `*` reference.
 */
export function starErrors(templates: readonly NamedTemplate[]): LocketError[] {
  return templates.flatMap((template) => {
    const { name, origin } = template
    const ref = allRefOf(template)
    const stars = name.split(FIELD_PLACE).length - 1
    if (ref === undefined && stars === 0) return []
    if (ref === undefined)
      return starError(
        origin,
        `the name ${shownField(name)} has a *, and its template is not a reference that ends in *`,
        {
          hint: 'the fields of a reference such as local://db/* take the place of the *',
        },
      )
    if (stars === 1) return []
    const reason = stars === 0 ? 'has no * in its name' : 'has more than one * in its name'
    return starError(
      origin,
      `the reference ${ref.text} gives several values, and ${shownField(name)} ${reason}`,
      {
        hint: 'write one * where the name of a field belongs, such as db/* for a folder or DB_* for variables',
      },
    )
  })
}

function starError(origin: string, reason: string, { hint }: { readonly hint: string }): LocketError {
  return new LocketError('plan_conflict', reason, { hint, facts: { origin } })
}

/** What becomes of the fields of `*` references. */
interface Spreading<T> {
  readonly templates: readonly T[]
  readonly fieldsOf: FieldsOf
  /** Names the file or variable of a field. Undefined: the field is left out. */
  readonly place: (template: T, field: string) => PlacedField | undefined
  /** Makes a template of that name out of the one with the `*`. Its `template` is replaced. */
  readonly make: (template: T, name: string) => T
}

/** Number of fields that one error names. */
const MOST_NAMED = 20

/**
 * Returns the templates with one in place of each field of a `*` reference. Throws one error that names the
 * fields that cannot be placed.
 */
export function spreadTemplates<T extends PreparedTemplate>({
  templates,
  fieldsOf,
  place,
  make,
}: Spreading<T>): readonly T[] {
  const errors: LocketError[] = []
  const spread = templates.flatMap((parent) => {
    const ref = allRefOf(parent)
    const fields = ref && fieldsOf(parent)
    if (ref === undefined || fields === undefined) return [parent]
    return fields.flatMap((field) => {
      const placed = place(parent, field)
      if (placed === undefined) return []
      if ('name' in placed)
        return [{ ...make(parent, placed.name), template: templateOf(fieldRef(ref, field)) }]
      errors.push(unplaced(parent, ref, field, placed))
      return []
    })
  })
  throwErrors(errors.slice(0, MOST_NAMED))
  return spread
}

const RENAME = 'rename the field, or write a reference of its own for each field that you need'

function unplaced(
  { origin }: PreparedTemplate,
  { text }: SecretRef,
  field: string,
  { problem, hint = RENAME }: Extract<PlacedField, { problem: string }>,
): LocketError {
  return new LocketError('plan_conflict', `the field ${shownField(field)} ${problem}`, {
    hint,
    facts: { origin, references: [text] },
  })
}

function templateOf(ref: SecretRef): Template {
  return {
    segments: [{ kind: 'secret', ref, filters: [], raw: ref.text, line: 1, column: 1 }],
    refs: [ref],
    warnings: [],
  }
}

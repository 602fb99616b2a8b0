import { LocketError } from '../../core/vocabulary/errors.ts'
import { unpackFields, type NamedSecret } from '../../core/vocabulary/fields.ts'
import { fieldRef, type RefId, type SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome, Resolved } from '../../core/vocabulary/resolve.ts'
import type { Allowance } from '../../core/volume/ceilings.ts'
import { allRefOf, hasStar } from '../recipe/fields.ts'
import type { PreparedTemplate, Recipe } from '../recipe/recipe.ts'

/**
 * Returns the templates of a recipe with one in place of each field of a `*` reference. Adds the outcome of
 * each field to `outcomes`, whose values the caller must wipe. Each field counts as one reference of the
 * allowance. A `*` reference without a value keeps its template.
 */
export function spread<T extends PreparedTemplate>(
  recipe: Pick<Recipe<T>, 'templates' | 'spread'>,
  outcomes: Map<RefId, Outcome>,
  allowance: Allowance | undefined,
): readonly T[] {
  if (recipe.spread === undefined) {
    if (hasStar(recipe.templates)) throw new LocketError('internal', 'a * reference has no place here')
    return recipe.templates
  }
  const names = new Map<RefId, readonly string[]>()
  return recipe.spread((template) => {
    const ref = allRefOf(template)
    const outcome = ref && outcomes.get(ref.id)
    if (ref === undefined || outcome?.ok !== true) return undefined
    const known = names.get(ref.id) ?? unpack(ref, outcome.secret, outcomes)
    names.set(ref.id, known)
    for (const _ of known) allowance?.addTag(template.origin)
    return known
  })
}

/** Adds the outcomes of the fields. Returns their names. */
function unpack(ref: SecretRef, secret: Resolved, outcomes: Map<RefId, Outcome>): readonly string[] {
  return unpackFields(secret.value).map(([name, value]: NamedSecret) => {
    outcomes.set(fieldRef(ref, name).id, { ok: true, secret: { ...secret, value } })
    return name
  })
}

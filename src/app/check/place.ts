import type { ErrorFacts } from '../../core/vocabulary/error-facts.ts'
import { addFacts, partsOf, toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Template } from '../../core/template/template.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { FieldsOf } from '../recipe/recipe.ts'

/** A part of the checked files that has references, with the providers that answer them there. */
export interface CheckedPlace {
  /** The file and the volume or service whose providers these are. Empty: the daemon's own. */
  readonly label: string
  readonly providers: readonly ProviderInstance[]
  /** Those of `providers` that are not asked, because a setting of the place is wrong. */
  readonly unsure?: readonly ProviderInstance[]
  readonly templates: readonly PlacedTemplate[]
  /** Throws for fields of `*` references that cannot be a file or variable there. See `Recipe`. */
  readonly spread?: ((fieldsOf: FieldsOf) => unknown) | undefined
  /** The volume or service, for errors of `spread`. */
  readonly facts?: ErrorFacts
}

interface PlacedTemplate {
  readonly where: string
  readonly template: Template
}

/** Problems, warnings and references of one file. */
export interface Findings {
  readonly problems: LocketError[]
  readonly warnings: string[]
  readonly places: CheckedPlace[]
}

/** Notes each failure by itself, as one of the volume or the service that `facts` name. */
export function note({ problems }: Findings, thrown: unknown, facts: ErrorFacts): void {
  problems.push(...partsOf(addFacts(toLocketError(thrown), facts)))
}

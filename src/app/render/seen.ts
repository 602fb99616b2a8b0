import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcomes, type Resolve } from '../../core/vocabulary/resolve.ts'
import { fingerprintOf } from '../../core/template/fingerprint.ts'
import type { PreparedFile } from '../recipe/volume-files.ts'

/** The templates of a volume, as a refresh that changes nothing needs them. */
interface SeenPlan {
  readonly fingerprint: string
  /** Each reference once. */
  readonly refs: readonly SecretRef[]
}

/** The files in place, as a refresh knows them. Undefined: not known. */
export interface Seen {
  /** It is kept if no template is a file: then it stays the same. */
  readonly plan: SeenPlan | undefined
  /** The fingerprint of the templates, and the versions of the values. */
  readonly versions: string | undefined
  /** The fingerprint of the templates, and the digest of the values. */
  readonly values: string | undefined
  /** The time of the question for the values, as `Clock.elapsed`. */
  readonly at: number
}

/** Returns the plan of these templates; undefined: a result depends on the time. */
export function seenPlanOf(templates: readonly PreparedFile[]): SeenPlan | undefined {
  const fingerprint = fingerprintOf(templates)
  if (fingerprint === undefined) return undefined
  return { fingerprint, refs: uniqueRefs(templates.flatMap(({ template }) => template.refs)) }
}

/** Returns a function that answers the first question with these outcomes, and asks `next` for the others. */
export function answeredOnce(outcomes: Outcomes, next: Resolve): Resolve {
  let answer: Outcomes | undefined = outcomes
  return async (refs, signal) => {
    const first = answer
    answer = undefined
    return first ?? (await next(refs, signal))
  }
}

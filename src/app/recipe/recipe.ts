import type { Template } from '../../core/template/template.ts'

/** A template, and where it was asked for. */
export interface PreparedTemplate {
  /** For messages: `driver option secret.db_password`. */
  readonly origin: string
  readonly template: Template
}

/** What is to be delivered: templates that were read and parsed. All of it is known without a provider. */
export interface Recipe<T extends PreparedTemplate> {
  readonly templates: readonly T[]
  /** One line for each tag that looks like a mistake, and each folder without templates. */
  readonly warnings: readonly string[]
}

export function recipeOf<T extends PreparedTemplate>(
  templates: readonly T[],
  warnings: readonly string[] = [],
): Recipe<T> {
  return { templates, warnings: [...warnings, ...templates.flatMap(warningsOf)] }
}

/** What looks like a mistake in a template, one line each. */
function warningsOf({ template, origin }: PreparedTemplate): string[] {
  return template.warnings.map((warning) => `${origin}: ${warning}`)
}

/** The beginning of a warning. */
export const NO_REFERENCE = 'no reference, so the text is written as it is (is {{ reference }} meant?),'

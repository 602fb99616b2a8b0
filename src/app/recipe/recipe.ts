import type { Template } from '../../core/template/template.ts'

/** A template, and the setting that asked for it. */
export interface PreparedTemplate {
  /** The name of that setting for messages: `driver option secret.db_password`. */
  readonly origin: string
  readonly template: Template
}

/** Returns the fields of a template with a `*` reference; undefined for others and when it has no value. */
export type FieldsOf = (template: PreparedTemplate) => readonly string[] | undefined

/** The content to deliver: templates that were read and parsed. It is known without asking a provider. */
export interface Recipe<T extends PreparedTemplate> {
  readonly templates: readonly T[]
  /**
   * Returns the templates with one in place of each field of a `*` reference, once the fields are known.
   * Throws `plan_conflict` for a field that cannot be a file or variable. Left out: there is no `*`.
   */
  readonly spread?: ((fieldsOf: FieldsOf) => readonly T[]) | undefined
  /** One line for each tag that looks like a mistake, and each folder without templates. */
  readonly warnings: readonly string[]
}

/** Makes a recipe from templates. The warnings of the templates follow `warnings`. */
export function recipeOf<T extends PreparedTemplate>(
  templates: readonly T[],
  warnings: readonly string[] = [],
): Recipe<T> {
  return { templates, warnings: [...warnings, ...templates.flatMap(warningsOf)] }
}

/** Returns one line for each likely mistake in a template. */
function warningsOf({ template, origin }: PreparedTemplate): string[] {
  return template.warnings.map((warning) => `${origin}: ${warning}`)
}

/** The beginning of the warning about a template without a reference. The place follows. */
export const NO_REFERENCE = 'no reference, so the text is written as it is (is {{ reference }} meant?),'

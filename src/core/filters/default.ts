import { defineFilter } from './define.ts'

/** Name of the filter that gives a value to a secret that does not exist. */
export const DEFAULT_FILTER = 'default'

/**
 * Filter `default`. It returns an existing value unchanged, even an empty one. For a missing secret,
 * `template/render.ts` uses the argument instead of calling the filter.
 */
export const defaultFilter = defineFilter({
  name: DEFAULT_FILTER,
  summary: 'the given text when the secret does not exist',
  parameters: ['text'],
  largestValue: Number.POSITIVE_INFINITY,
  apply: (value) => value,
})

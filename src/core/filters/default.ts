import { defineFilter } from './define.ts'

export const DEFAULT_FILTER = 'default'

/** A value that exists passes unchanged, even when it is empty. What happens without one is decided where templates are rendered. */
export const defaultFilter = defineFilter({
  name: DEFAULT_FILTER,
  summary: 'the given text when the secret does not exist',
  parameters: ['text'],
  largestValue: Number.POSITIVE_INFINITY,
  apply: (value) => value,
})

import assert from 'node:assert/strict'
import { isLocketError } from '../../src/core/vocabulary/errors.ts'
import { argumentProblem, bytesOf, type Filter } from '../../src/core/filters/define.ts'

export interface FilterCase {
  readonly args?: readonly string[]
  readonly nowMs?: number
}

/** The output of a filter as text. Its arguments are checked first, as for every template. */
export function apply(
  filter: Filter,
  value: string | Uint8Array,
  { args = [], nowMs = 0 }: FilterCase = {},
): string {
  assert.equal(argumentProblem(filter, args), undefined)
  const bytes = typeof value === 'string' ? bytesOf(value) : value
  const before = bytes.slice()
  const result = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
    filter.apply(bytes, args, { nowMs }),
  )
  assert.deepEqual(bytes, before, 'a filter changed the value that it was given')
  return result
}

/** Why a filter cannot use a value. */
export function failure(filter: Filter, value: string | Uint8Array, given: FilterCase = {}): string {
  try {
    apply(filter, value, given)
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'filter_failed') return thrown.message
    throw thrown
  }
  throw new assert.AssertionError({ message: `${filter.name} did not fail` })
}

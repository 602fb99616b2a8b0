import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import { rawSupport } from './compose-versions.ts'

test('raw is for releases of Compose that know it, and an error names one that does not', () => {
  for (const version of ['5.2.0', 'v5.2.0', '5.2.1-rc.1', '5.10.0', '6.0.0'])
    assert.equal(rawSupport(version), undefined)
  for (const version of ['2.40.3', 'v2.40.3-desktop.1', '5.1.9', '5.0.10', '2.99.99'])
    assert.throws(
      () => rawSupport(version),
      (error) =>
        isLocketError(error) &&
        error.message ===
          `raw needs Docker Compose 5.2.0 or newer, and this is ${/\d+\.\d+\.\d+/.exec(version)?.[0]}`,
    )
})

test('for an unknown version the error says what raw needs', () => {
  for (const version of [undefined, '', 'dev', '5.2'])
    assert.equal(rawSupport(version), 'raw needs Docker Compose 5.2.0 or newer')
})

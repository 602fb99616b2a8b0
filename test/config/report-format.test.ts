import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSection, doctorSection } from '../../src/config/sections/check.ts'
import { statusSection } from '../../src/config/sections/daemon.ts'

test('check, doctor and status take the same words for the format of their report', () => {
  for (const { fields } of [checkSection, doctorSection, statusSection]) {
    const { format } = fields
    for (const word of ['text', 'table', 'json']) assert.equal(format.schema.parse(word), word)
    assert.equal(format.summary, checkSection.fields.format.summary)
    assert.equal(format.default, 'text')
  }
})

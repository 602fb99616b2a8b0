import assert from 'node:assert/strict'
import { test } from 'node:test'
import { argumentProblem } from './define.ts'
import { FILTERS } from './index.ts'

test('the filters that templates may name', () => {
  assert.deepEqual(
    [...FILTERS.keys()],
    ['base64', 'base64decode', 'default', 'get', 'indent', 'json', 'shell', 'totp', 'trim', 'urlencode'],
  )
})

test('each filter is found under its own name, has a summary, and refuses an argument too many', () => {
  for (const [name, filter] of FILTERS) {
    assert.equal(filter.name, name)
    assert.match(filter.summary, /^[a-z].*[^.]$/)
    const tooMany = [...filter.parameters.map(() => '1'), '1']
    assert.match(
      argumentProblem(filter, tooMany) ?? '',
      new RegExp(`^filter ${name} takes (no|one) argument, not `),
    )
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantedVariables, variableOfSecret } from './granted-names.ts'

const secret = (name: string, hasFields = false, project = 'shop') => ({
  name,
  hasFields,
  reference: `locket://${project}/${name}${hasFields ? '/*' : ''}`,
})
const NONE: ReadonlySet<string> = new Set()

test('the variable of a secret has capital letters, and one _ for each run of others', () => {
  const rows = [
    ['db-password', 'DB_PASSWORD'],
    ['a.-_b', 'A_B'],
    ['x-', 'X'],
    ['1st', '_1ST'],
    ['Api.Key2', 'API_KEY2'],
  ] as const
  for (const [name, variable] of rows) assert.equal(variableOfSecret(name), variable)
})

test('a secret with fields gives a pattern, and an entry of its own replaces a variable', () => {
  assert.deepEqual(grantedVariables([secret('db', true), secret('api'), secret('path')], new Set(['PATH'])), [
    { name: 'DB_*', reference: 'locket://shop/db/*' },
    { name: 'API', reference: 'locket://shop/api' },
  ])
})

test('a clash names both secrets, and all clashes are in one error', () => {
  const listed = [secret('a-b'), secret('a.b'), secret('a_b', false, 'bank'), secret('ld-preload')]
  assert.throws(() => grantedVariables(listed, NONE), {
    code: 'plan_conflict',
    message: /locket:\/\/shop\/a-b and locket:\/\/shop\/a\.b both give the variable A_B[^]*LD_PRELOAD/,
  })
})

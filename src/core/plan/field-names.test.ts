import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { variableNameProblem } from '../vocabulary/names.ts'
import { fileOfField, isRuling, variableOfField } from './field-names.ts'
import { nameProblem } from './plan.ts'

test('the name of a field takes the place of the * in a file’s name, unchanged', () => {
  for (const [pattern, field, name] of [
    ['db/*', 'password', 'db/password'],
    ['*', 'API key (prod)', 'API key (prod)'],
    ['a/*.txt', 'é', 'a/é.txt'],
    ['*', '*', '*'],
    ['x*', '$&', 'x$&'],
  ] as const)
    assert.deepEqual(fileOfField(pattern, field), { name })
})

test('attack: a field whose name leaves its folder, or cannot be that of a file, is refused', () => {
  for (const field of [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    '/etc',
    'a\0',
    'a\nb',
    '\u009b',
    '\ud800',
    'x'.repeat(256),
  ])
    assert.ok('problem' in fileOfField('db/*', field), JSON.stringify(field))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (field) => {
      const placed = fileOfField('db/*', field)
      if ('problem' in placed) return
      assert.equal(nameProblem(placed.name), undefined)
      assert.deepEqual(placed.name.split('/'), ['db', field])
    }),
  )
})

test('a variable is in capitals, with _ for what no shell reads; `keep` changes nothing', () => {
  for (const [pattern, field, upper] of [
    ['DB_*', 'user name', 'DB_USER_NAME'],
    ['*', 'one-time.code', 'ONE_TIME_CODE'],
    ['app_*', 'Host', 'app_HOST'],
    ['*_FILE', 'é1', '_1_FILE'],
    ['X*', '2fa', 'X2FA'],
    ['X*', '🔑', 'X_'],
  ] as const)
    assert.deepEqual(variableOfField(pattern, field, 'upper'), { name: upper })
  assert.deepEqual(variableOfField('A_*', 'user-name.x', 'keep'), { name: 'A_user-name.x' })
})

test('a field that gives no valid name of a variable is refused with that name', () => {
  for (const [pattern, field, style, said] of [
    ['*', '2fa', 'upper', /gives "2FA", which is not a valid name/],
    ['*', 'user name', 'keep', /gives "user name", which is not a valid name/],
    ['A_*', 'x\0', 'keep', /not a valid name/],
    ['*', '', 'upper', /which has no name/],
    ['A_*', '', 'upper', /which has no name/],
  ] as const) {
    const placed = variableOfField(pattern, field, style)
    assert.match('problem' in placed ? placed.problem : '', said)
  }
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('upper', 'keep'),
      (field, style) => {
        const placed = variableOfField('P_*', field, style)
        if ('name' in placed) assert.equal(variableNameProblem(placed.name), undefined)
      },
    ),
  )
})

test('variables that decide what a program runs are known', () => {
  for (const name of [
    'PATH',
    'LD_PRELOAD',
    'NODE_OPTIONS',
    'BASH_ENV',
    'PYTHONPATH',
    'BASH_FUNC_x',
    'LOCKET_ENV',
  ])
    assert.ok(isRuling(name), name)
  for (const name of ['NODE_ENV', 'GIT_TOKEN', 'PASSWORD', 'DOCKER_PASSWORD', 'USER', 'DB_PATH', 'JAVA_X'])
    assert.ok(!isRuling(name), name)
})

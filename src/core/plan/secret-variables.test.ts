import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, property, string } from 'fast-check'
import { isLocketError } from '../vocabulary/errors.ts'
import { secretVariables, type NamedVariables } from './secret-variables.ts'

const secret = (name: string, fields?: readonly string[]): NamedVariables => ({
  text: `locket://shop/${name}`,
  name,
  ...(fields === undefined ? {} : { fields }),
})

test('names become variables: capital letters, one _ for a run, none at the ends', () => {
  const variables = secretVariables([
    secret('db-password'),
    secret('api..key (new)'),
    secret('éa-'),
    secret('stripe', ['secret_key', 'public key']),
  ])
  assert.deepEqual(
    [...variables.keys()],
    ['DB_PASSWORD', 'API_KEY_NEW', 'A', 'STRIPE_SECRET_KEY', 'STRIPE_PUBLIC_KEY'],
  )
  assert.deepEqual(variables.get('STRIPE_SECRET_KEY'), { text: 'locket://shop/stripe', field: 'secret_key' })
})

test('two secrets of one variable are an error that names both', () => {
  const clashing = [secret('db', ['user']), secret('db-user')]
  assert.throws(() => secretVariables(clashing), {
    code: 'plan_conflict',
    message: 'locket://shop/db (user) and locket://shop/db-user both give DB_USER',
  })
})

test('a name without letters, with a digit first, or of a ruling variable is refused', () => {
  for (const name of ['---', '', '2fa', 'path', 'ld-preload', 'node options'])
    assert.throws(() => secretVariables([secret(name)]), { code: 'unfit_value' }, name)
})

test('every name gives a valid variable or an error of locket', () => {
  holds(
    property(array(string()), (names) => {
      try {
        for (const variable of secretVariables(names.map((name) => secret(name))).keys())
          assert.match(variable, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/)
      } catch (thrown) {
        assert.ok(isLocketError(thrown), String(thrown))
      }
    }),
  )
})

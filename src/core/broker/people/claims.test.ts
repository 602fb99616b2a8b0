import assert from 'node:assert/strict'
import { test } from 'node:test'
import { personOfClaims, type SignedClaims } from './claims.ts'

const RULE = { name: 'email', newPeople: { claim: 'groups', value: 'ops' } } as const
const ANNA = { sub: '17', email: 'anna@example.com', email_verified: true }

test('a person is named by a verified address, or by the subject', () => {
  assert.deepEqual(personOfClaims(ANNA, RULE), { name: 'anna@example.com', mayBeNew: false })
  assert.deepEqual(personOfClaims(ANNA, { name: 'sub' }), { name: '17', mayBeNew: false })
})

test('only the exact value of the claim makes a new person', () => {
  const rows: readonly (readonly [unknown, boolean])[] = [
    ['ops', true],
    [['dev', 'ops'], true],
    ['Ops', false],
    [['ops2'], false],
    [[['ops']], false],
    [{ ops: true }, false],
    [undefined, false],
    [true, false],
  ]
  for (const [groups, mayBeNew] of rows)
    assert.equal(personOfClaims({ ...ANNA, groups }, RULE).mayBeNew, mayBeNew, JSON.stringify(groups))
  assert.equal(personOfClaims({ ...ANNA, groups: 'ops' }, { name: 'email' }).mayBeNew, false)
})

test('facts that name nobody for sure are refused', () => {
  const rows: readonly SignedClaims[] = [
    {},
    { ...ANNA, email: undefined },
    { ...ANNA, email: '' },
    { ...ANNA, email: ['anna@example.com'] },
    { ...ANNA, email: 'anna example' },
    { ...ANNA, email: `${'a'.repeat(60)}@example.com` },
    { ...ANNA, email_verified: false },
    { ...ANNA, email_verified: 'true' },
    { ...ANNA, email_verified: undefined },
  ]
  for (const claims of rows)
    assert.throws(() => personOfClaims(claims, RULE), { code: 'denied' }, JSON.stringify(claims))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { claimsProblem, unmetClaim } from './workload-rule.ts'

const rule = (claims: Readonly<Record<string, string>>) => ({ issuer: 'ci', claims })

test('every claim must fit, and the first that does not is named', () => {
  const wanted = rule({ repository: 'acme/*', ref: 'refs/heads/main', protected: 'true', run: '7' })
  const claims = { repository: 'acme/shop', ref: 'refs/heads/main', protected: true, run: 7 }
  assert.equal(unmetClaim(wanted, claims), undefined)
  for (const [name, value] of [
    ['repository', 'acme'],
    ['repository', 'evil/acme/shop'],
    ['ref', 'refs/heads/main2'],
    ['ref', undefined],
    ['ref', null],
    ['ref', { text: 'refs/heads/main' }],
    ['protected', false],
    ['run', 'a'.repeat(2000)],
  ] as const)
    assert.equal(unmetClaim(wanted, { ...claims, [name]: value }), name)
})

test('a list fits by one of its texts, and names of objects are no claims', () => {
  assert.equal(unmetClaim(rule({ groups: 'ops' }), { groups: ['dev', 'ops'] }), undefined)
  assert.equal(unmetClaim(rule({ groups: 'ops' }), { groups: [['ops']] }), 'groups')
  assert.equal(unmetClaim(rule({ constructor: '*' }), {}), 'constructor')
  assert.equal(unmetClaim(rule({}), { sub: 'x' }), 'any claim')
})

test('a rule without patterns fits exactly the tokens that say the same', () => {
  const word = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('*'))
  fc.assert(
    fc.property(word, word, (pattern, value) => {
      assert.equal(unmetClaim(rule({ a: pattern }), { a: value }) === undefined, pattern === value)
    }),
  )
})

test('rules that say nothing, and claims that are checked anyway, are problems', () => {
  const rows: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /at least one claim/],
    [{ a: '*', b: '**' }, /more than \*/],
    [{ iss: 'x' }, /checked for every token/],
    [{ a: '' }, /1 to 1024/],
    [{ 'a b': 'x' }, /not the name of a claim/],
    [Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`c${at}`, 'x'])), /more than 32/],
  ]
  for (const [claims, says] of rows) assert.match(claimsProblem(claims) ?? '', says)
  assert.equal(claimsProblem({ a: '*', sub: 'x' }), undefined)
})

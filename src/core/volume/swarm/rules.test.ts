import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGlob } from '../../text/glob.ts'
import { checkRules, type SwarmRule } from './rules.ts'

const REQUEST = {
  secret: 'db_password',
  labels: {},
  taskId: 't1',
  task: 'shop_db.1.t1',
  service: 'shop_db',
  serviceLabels: { team: 'shop', 'com.docker.stack.namespace': 'shop' },
  image: 'registry.example.com/db:1@sha256:00',
  node: 'n1',
}
const REFERENCES = ['op://prod/db/password']

function isAllowed(rules: readonly SwarmRule[], references = REFERENCES, facts = {}): boolean {
  try {
    const refs = references.map((text) => ({ text, provider: 'op-connect' }))
    checkRules(rules, { ...REQUEST, ...facts }, refs)
    return true
  } catch {
    return false
  }
}

const allow = (rule: Omit<SwarmRule, 'effect'>): SwarmRule => ({ ...rule, effect: 'allow' })
const deny = (rule: Omit<SwarmRule, 'effect'>): SwarmRule => ({ ...rule, effect: 'deny' })

test('a pattern stands for the whole text, and * for any characters', () => {
  for (const [pattern, text, expected] of [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['*', '', true],
    ['a*', 'a', true],
    ['*b', 'ab', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c', false],
    ['ab*bc', 'abc', false],
    ['a.c', 'abc', false],
    ['*a*a*', 'a', false],
  ] as const)
    assert.equal(matchesGlob(pattern, text), expected, `${pattern} ${text}`)
})

test('without a rule everything is allowed, with one everything else is denied', () => {
  assert.equal(isAllowed([]), true)
  assert.equal(isAllowed([allow({ secrets: ['other'] })]), false)
  assert.equal(isAllowed([deny({ secrets: ['other'] })]), false)
  assert.equal(isAllowed([allow({ secrets: ['db_*'] })]), true)
})

test('each key of a rule must fit, each by one of its patterns', () => {
  for (const [rule, expected] of [
    [{ services: ['x', 'shop_*'], stacks: ['shop'], nodes: ['n1'] }, true],
    [{ services: ['shop_*'], stacks: ['other'] }, false],
    [{ images: ['registry.example.com/db:*'] }, true],
    [{ images: ['registry.example.com/web:*'] }, false],
    [{ labels: ['team=shop'] }, true],
    [{ labels: ['team=*', 'x=1'] }, true],
    [{ labels: ['team=other'] }, false],
    [{ nodes: ['n2'] }, false],
    [{ references: ['op://prod/*'] }, true],
    [{ references: ['op://dev/*'] }, false],
    [{ providers: ['op-*'], references: ['op://prod/*'] }, true],
    [{ providers: ['prod'], references: ['op://prod/*'] }, false],
  ] as const)
    assert.equal(isAllowed([allow(rule)]), expected, JSON.stringify(rule))
  assert.equal(isAllowed([allow({ stacks: ['*'] })], REFERENCES, { serviceLabels: {} }), false)
})

test('a rule that denies wins; one reference of several is enough for it', () => {
  const rules = [allow({ secrets: ['*'] }), deny({ references: ['op://prod/*'] })]
  assert.equal(isAllowed(rules), false)
  assert.equal(isAllowed(rules, ['op://dev/a/b', 'op://prod/a/b']), false)
  assert.equal(isAllowed(rules, ['op://dev/a/b']), true)
  // To allow, every reference must fit.
  assert.equal(isAllowed([allow({ references: ['op://dev/*'] })], ['op://dev/a/b', 'op://prod/a/b']), false)
})

test('a path with .. does not get past a pattern for references', () => {
  const rules = [allow({ references: ['bao://kv/shop/*'] })]
  assert.equal(isAllowed(rules, ['bao://kv/shop/a..b#c']), true)
  for (const path of ['..', '%2e%2E', '.%2e', '.'])
    for (const slash of ['/', '%2f', '\\'])
      assert.equal(isAllowed(rules, [`bao://kv/shop/x${slash}${path}${slash}root#c`]), false, path)
  assert.equal(isAllowed(rules, ['bao://kv/shop/..#c']), false)
})

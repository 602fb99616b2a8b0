import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadFacts } from '../../../src/core/broker/seams.ts'
import { compilePolicy } from '../../../src/host/policy/cel.ts'

const FACTS: ReadFacts = {
  machine: { id: 'm_a', name: 'web1' },
  secret: { project: 'shop', name: 'db', reference: 'op://Servers/db/password', createdAt: 0 },
  address: '::ffff:10.1.2.3',
  now: Date.UTC(2026, 10, 30, 10),
  claims: { sub: 'repo:shop', groups: ['ops', 'web'], deep: { flag: true }, count: 3, none: null },
  context: { volume: 'secrets' },
}

function compiled(...rules: readonly (readonly [when: string, effect: 'allow' | 'deny'])[]) {
  const named = rules.map(([when, effect], index) => ({
    name: `r${index + 1}`,
    when,
    effect,
    line: index + 2,
  }))
  return compilePolicy({ path: 'p.toml', rules: named, examples: [] })
}

const TRUE: readonly string[] = [
  'machine == "web1" && project == "shop" && secret == "db"',
  'reference.startsWith("op://Servers/")',
  'ip == "10.1.2.3"',
  'inNetwork(ip, "10.0.0.0/8") && !inNetwork(ip, "fd00::/8")',
  'now == timestamp("2026-11-30T10:00:00Z")',
  'now.getHours("Europe/Berlin") == 11 && now.getDayOfWeek() == 1',
  'now - duration("1h") < now',
  'machine.matches("^web[0-9]+$")',
  'claims.sub == "repo:shop" && "ops" in claims.groups && claims.deep.flag',
  'claims.count == 3 && claims.none == null',
  'claims.groups.exists(g, g.startsWith("w"))',
  'has(context.volume) && context.volume == "secrets" && !has(context.container)',
  'context.all(key, context[key] != "")',
  'secret in ["db", "api"]',
]

for (const when of TRUE)
  test(`a rule can say: ${when.slice(0, 70)}`, () => {
    assert.deepEqual(compiled([when, 'allow']).decide(FACTS), { isAllowed: true, policy: 'r1' })
  })

test('the first rule that matches decides, and without one the read is denied', () => {
  const policy = compiled(['secret == "root"', 'deny'], ['machine == "web1"', 'deny'], ['true', 'allow'])
  assert.deepEqual(policy.decide(FACTS), { isAllowed: false, policy: 'r2' })
  const other = { ...FACTS, machine: { id: 'm_b', name: 'web2' } }
  assert.deepEqual(policy.decide(other), { isAllowed: true, policy: 'r3' })
  assert.deepEqual(compiled(['false', 'allow']).decide(FACTS), { isAllowed: false, policy: 'no rule' })
})

const FAILING: readonly (readonly [when: string, says: RegExp])[] = [
  ['context.container == "a"', /field not found: container/],
  ['claims.missing == "a" || claims.other == 1', /./],
  ['1 / (claims.count - claims.count) == 1', /./],
  ['project', /neither true nor false/],
  ['inNetwork(ip, machine)', /web1 is not a network/],
  ['machine.matches(claims.sub + "(")', /./],
  ['timestamp(machine) < now', /./],
]

for (const [when, says] of FAILING)
  test(`a rule that fails denies, and no later rule is asked: ${when.slice(0, 40)}`, () => {
    const { error, ...verdict } = compiled([when, 'allow'], ['true', 'allow']).decide(FACTS)
    assert.deepEqual(verdict, { isAllowed: false, policy: 'r1 has failed' })
    assert.match(error ?? '', says)
  })

const WRONG: readonly (readonly [when: string, says: RegExp])[] = [
  ['machine ==', /line 1, character 9 of the expression: /],
  ['true &&\n  foo bar', /line 2, character 7 of the expression: /],
  ['machne == "a"', /there is no variable machne/],
  ['[1].all(x, x == y)', /there is no variable y/],
  ['contain(machine, "a")', /there is no function contain/],
  ['inNetwork(ip, "10.0.0.0/40")', /10\.0\.0\.0\/40 is not a network/],
  ['machine.matches("(")', /"\(" is not a pattern of RE2/],
  ['Foo{a: 1}.a == 1', /Foo is not a type/],
  ['[1].all(a, [1].all(b, [1].all(c, true)))', /more than 2 macros inside each other/],
  ['('.repeat(400), /more than 32 brackets/],
  [`"${'x'.repeat(1000)}" == ""`, /more than 1000 characters/],
]

test('wrong rules are refused, all of them in one error with their lines', () => {
  assert.throws(
    () => compiled(...WRONG.map(([when]) => [when, 'allow'] as const)),
    ({ code, list }: { code: string; list: readonly string[] }) => {
      assert.equal(code, 'config')
      assert.equal(list.length, WRONG.length)
      for (const [index, [, says]] of WRONG.entries()) {
        assert.match(list[index] ?? '', new RegExp(`^p\\.toml line ${index + 2}: the rule "r${index + 1}": `))
        assert.match(list[index] ?? '', says)
      }
      return true
    },
  )
})

test('claims that are too large are denied before any rule is asked', () => {
  const claims = { list: Array.from({ length: 300 }, (_, index) => index) }
  const { isAllowed, policy, error } = compiled(['true', 'allow']).decide({ ...FACTS, claims })
  assert.deepEqual([isAllowed, policy], [false, 'the policy has failed'])
  assert.match(error ?? '', /more than 256 values/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPolicyFile } from '../../src/config/broker/policy-file.ts'

const NOW = Date.UTC(2026, 10, 30)

const RULE = `[[policy]]
name = "web in office hours"
when = 'machine.startsWith("web")'
effect = "allow"
`

test('a policy file is a list of rules and a list of examples', () => {
  const text = `# comment
${RULE}
[[example]]
machine = "web1"
secret = "shop/db"
reference = "op://a/b/c"
ip = "10.0.0.1"
now = 2026-11-30T10:00:00+01:00
claims = { sub = "x", groups = ["a"] }
context = { volume = "v" }
effect = "deny"
rule = "web in office hours"
`
  const { path, rules, examples } = readPolicyFile('p.toml', text, NOW)
  assert.equal(path, 'p.toml')
  assert.deepEqual(rules, [
    { name: 'web in office hours', when: 'machine.startsWith("web")', effect: 'allow', line: 4 },
  ])
  assert.deepEqual(examples, [
    {
      facts: {
        machine: { id: 'm_example', name: 'web1' },
        secret: { project: 'shop', name: 'db', reference: 'op://a/b/c', createdAt: 0 },
        address: '10.0.0.1',
        now: NOW + 9 * 3_600_000,
        claims: { sub: 'x', groups: ['a'] },
        context: { volume: 'v' },
      },
      effect: 'deny',
      rule: 'web in office hours',
      line: 7,
    },
  ])
  const short = `${RULE}[[example]]\nmachine = "a"\nsecret = "b/c"\neffect = "allow"\n`
  const [example] = readPolicyFile('p.toml', short, NOW).examples
  assert.deepEqual([example?.facts.now, example?.facts.context, example?.rule], [NOW, {}, undefined])
})

const WRONG: readonly (readonly [what: string, text: string, says: readonly RegExp[]])[] = [
  ['nothing', '', [/^p\.toml has no \[\[policy\]\]/]],
  ['one bracket', '[policy]\nname = "a"\n', [/line 1: write \[\[policy\]\] in two brackets/]],
  ['another table', `${RULE}[other]\n`, [/line 5: "other" is not known/]],
  ['bad TOML', `${RULE}[[policy]\n`, [/line 5, column \d+: a table that begins with \[\[ ends with \]\]/]],
  ['no keys', '[[policy]]\n', [/line 1: name is missing; .*when is missing; .*effect is missing/]],
  [
    'wrong values',
    '[[policy]]\nname = "no rule"\nwhen = 1\neffect = "maybe"\nif = "x"\n',
    [
      /line 2: "no rule" is not allowed/,
      /line 3: when must be a text/,
      /line 4: effect must/,
      /line 5: "if"/,
    ],
  ],
  ['a name twice', `${RULE}${RULE}`, [/line 7: there are two rules with the name "web in office hours"/]],
  [
    'wrong examples',
    `${RULE}[[example]]\nsecret = "x"\nnow = "soon"\nclaims = 1\ncontext = { a = 1 }\neffect = "allow"\nrule = "y"\n`,
    [
      /line 5: machine is missing/,
      /line 6: write the secret as PROJECT\/NAME/,
      /line 7: now must be a time/,
      /line 8: claims must be a table/,
      /line 9: the values of context/,
      /line 11: there is no rule "y"/,
    ],
  ],
  ['too many rules', '[[policy]]\n'.repeat(201), [/more than 200 tables \[\[policy\]\]/]],
]

for (const [what, text, says] of WRONG)
  test(`a policy file with ${what} is refused with its lines`, () => {
    assert.throws(
      () => readPolicyFile('p.toml', text, NOW),
      ({ code, message }: { code: string; message: string }) => {
        assert.equal(code, 'config')
        for (const one of says) assert.match(message, one)
        return true
      },
    )
  })

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { loadVolume } from './load-volume.ts'
import { problemOf } from './setting-rows.ts'

async function load(t: TestContext, toml: string, managed = false) {
  const path = join(await temporaryFolder(t), 'locket.toml')
  writeFileSync(path, toml)
  return managed ? loadVolume(['--managed'], {}, path) : loadVolume(['--config', path], {}, '/nonexistent')
}

test('rules are read with all their keys, in the order of the file', async (t) => {
  const { daemon } = await load(
    t,
    `
[[swarm.rules]]
secrets = ["db_*"]
services = ["shop_*"]
stacks = ["shop"]

[[swarm.rules]]
effect = "deny"
references = ["op://prod/*"]
providers = ["prod"]
images = ["x"]
labels = ["a=b"]
nodes = ["n"]
`,
  )
  assert.deepEqual(daemon.swarm.rules, [
    { effect: 'allow', secrets: ['db_*'], services: ['shop_*'], stacks: ['shop'] },
    {
      effect: 'deny',
      references: ['op://prod/*'],
      providers: ['prod'],
      images: ['x'],
      labels: ['a=b'],
      nodes: ['n'],
    },
  ])
  assert.deepEqual((await load(t, '[volume]\n')).daemon.swarm.rules, [])
})

test('a wrong rule names the file, the line and the cure', async (t) => {
  for (const [toml, message] of [
    ['[[swarm.rules]]\nservice = ["a"]', /line 1 rule 1: a rule has no service, did you mean services\?/],
    ['[[swarm.rules]]\nservices = "a"', /services must be a list of patterns, like \["shop_\*"\]/],
    ['[[swarm.rules]]\nservices = []', /services must be a list/],
    ['[[swarm.rules]]\nservices = [1]', /services must be a list/],
    ['[[swarm.rules]]\nservices = [""]', /services must be a list/],
    ['[[swarm.rules]]\neffect = "deny"', /names at least one of secrets/],
    ['[[swarm.rules]]\neffect = "forbid"\nsecrets=["a"]', /effect must be allow or deny/],
    ['[swarm.rules]\nservices = ["a"]', /rules must be tables, like \[\[swarm\.rules\]\]/],
    ['[swarm]\nttl = "1s"', /line 2: there is no setting ttl of swarm/],
  ] as const) {
    const problem = await load(t, toml).then(
      () => '',
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : ''),
    )
    assert.match(problem, message)
  }
})

test('a managed plugin with a wrong rule starts, and reports the fault', async (t) => {
  const { fault } = await load(t, '[[swarm.rules]]\nservice = ["a"]', true)
  assert.match(fault?.message ?? '', /a rule has no service/)
})

test('the label locket.provider chooses among the providers of the operator, and is checked', async (t) => {
  const { daemon } = await load(t, '[providers.prod]\nkind = "local"\nlocal-file = "/a"\n')
  const config = (labels: Record<string, string>) => daemon.swarm.secretConfig(labels)
  const { parseRef, key } = config({ 'locket.secret': 'local://db/password', 'locket.provider': 'prod' })
  assert.equal(parseRef('local://db/password')?.provider, 'prod')
  assert.notEqual(key, config({ 'locket.secret': 'local://db/password' }).key)
  const wrong = problemOf(() => config({ 'locket.secret': 'x', 'locket.provider': 'prdo' }))
  assert.match(wrong, /label locket\.provider: must be one of .*did you mean prod\?/)
})

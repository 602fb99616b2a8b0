import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLivePolicy } from '../../../src/app/policy/live-policy.ts'
import { readPolicyFile } from '../../../src/config/broker/policy-file.ts'
import type { AuditEntry, ReadFacts } from '../../../src/core/broker/seams.ts'
import { compilePolicy } from '../../../src/host/policy/cel.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'

const FACTS: ReadFacts = {
  machine: { id: 'm_a', name: 'web1' },
  secret: { project: 'shop', name: 'db', reference: 'op://a/b/c', createdAt: 0 },
  address: '',
  now: 0,
  context: {},
}

function ruleText(name: string, when = 'true'): string {
  return `[[policy]]\nname = "${name}"\nwhen = '${when}'\neffect = "allow"\n`
}

async function opened(first = ruleText('one')) {
  const [clock, log, audited] = [createManualClock(), createRecordingLog(), [] as AuditEntry[]]
  const file = { text: first }
  const disk = { isFull: false }
  const policy = await openLivePolicy({
    clock,
    emit: log.emit,
    audit: async (entries) => {
      if (disk.isFull) throw new Error('the disk is full')
      audited.push(...entries)
    },
    path: '/p.toml',
    read: async () => new TextEncoder().encode(file.text),
    parse: (path, text) => readPolicyFile(path, text, clock.now()),
    compile: compilePolicy,
  })
  const outcomes = () => audited.map(({ action, outcome, reason }) => [action, outcome, reason.slice(0, 7)])
  return { policy, log, file, disk, outcomes, rule: () => policy.decide(FACTS).policy }
}

test('a new file takes effect after its audit line, and the same file again has none', async () => {
  const { policy, file, outcomes, rule, log } = await opened()
  await policy.reload()
  file.text = ruleText('two')
  await policy.reload()
  assert.equal(rule(), 'two')
  assert.deepEqual(outcomes(), [
    ['policy.load', 'allowed', '1 rules'],
    ['policy.load', 'allowed', '1 rules'],
  ])
  assert.deepEqual(
    log.lines.map(({ event }) => event),
    ['broker.policy'],
  )
})

test('a file that is wrong keeps the old policy, and is logged once', async () => {
  const { policy, file, outcomes, rule, log } = await opened()
  file.text = '[[policy]]\nname = "two"\n'
  await policy.reload()
  await policy.reload()
  assert.equal(rule(), 'one')
  assert.match(policy.state().error ?? '', /line 1: when is missing/)
  assert.deepEqual(outcomes().at(-1), ['policy.load', 'failed', 'config'])
  assert.equal(log.lines.length, 1)
  file.text = ruleText('three')
  await policy.reload()
  assert.deepEqual([rule(), policy.state().error], ['three', undefined])
})

test('a policy whose line cannot be stored does not take effect, and does at the next reload', async () => {
  const { policy, file, disk, rule } = await opened()
  disk.isFull = true
  file.text = ruleText('two')
  await policy.reload()
  assert.equal(rule(), 'one')
  disk.isFull = false
  await policy.reload()
  assert.equal(rule(), 'two')
})

test('a rule that fails is logged once until the policy changes', async () => {
  const { policy, rule, log } = await opened(ruleText('one', 'context.volume == "a"'))
  assert.deepEqual([rule(), rule()], ['one has failed', 'one has failed'])
  assert.equal(log.lines.length, 1)
  assert.equal(policy.decide(FACTS).isAllowed, false)
})

test('a wrong file at the start is refused', async () => {
  await assert.rejects(opened('nothing'), { code: 'config' })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { checkPolicy } from '../../../src/app/policy/check-policy.ts'
import { readPolicyFile } from '../../../src/config/broker/policy-file.ts'
import { compilePolicy } from '../../../src/host/policy/cel.ts'

test('the policy of the guide compiles, and its examples are as expected', async () => {
  const guide = await readFile(new URL('../../../docs/guides/serve.md', import.meta.url), 'utf8')
  const [, text = ''] = /```toml\n(# \/etc\/locket\/policy\.toml\n[^]*?)```/.exec(guide) ?? []
  const file = readPolicyFile('policy.toml', text, Date.UTC(2026, 10, 30, 10))
  const { examples, unreached } = checkPolicy(file, compilePolicy(file))
  assert.equal(examples.length, 4)
  assert.deepEqual(
    examples.filter(({ isGood }) => !isGood),
    [],
  )
  assert.deepEqual(unreached, [])
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'

import { groupsOf } from './engine/cgroups.ts'
import { IMAGE, startEngine } from './engine/engine.ts'

const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())

test('a container runs, and reads what another wrote to a local volume', async () => {
  await engine.ok(['run', '--rm', '-v', 'vol:/v', IMAGE, 'sh', '-c', 'echo hello > /v/a'])
  assert.equal(await engine.ok(['run', '--rm', '-v', 'vol:/v', IMAGE, 'cat', '/v/a']), 'hello')
  assert.match(await engine.fails(['run', '--rm', IMAGE, 'no-such-program']), /no-such-program/)
})

test('dockerd is killed and started again', async () => {
  await engine.ok(['volume', 'create', 'kept'])
  await engine.kill('SIGKILL')
  await engine.start()
  assert.match(await engine.ok(['volume', 'ls', '-q']), /^kept$/m)
  await engine.kill('SIGTERM')
  await engine.start()
  assert.match(await engine.ok(['volume', 'ls', '-q']), /^kept$/m)
})

test('the engine sees none of the others, and they do not see it', () => {
  assert.ok(existsSync(`${engine.sandbox.root}/run/e2e/docker.sock`))
  assert.ok(!existsSync('/run/e2e'))
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes('/run/e2e'))
})

test('what a disposed engine leaves: nothing', async () => {
  const other = await startEngine()
  await other.ok(['run', '-d', '--restart', 'always', IMAGE, 'sleep', '1000'])
  const { root, tag } = other.sandbox
  assert.ok(existsSync(`${root}/run/e2e`))
  assert.ok(groupsOf(tag).length > 0)
  await other[Symbol.asyncDispose]()
  assert.ok(!existsSync(root))
  assert.deepEqual(groupsOf(tag), [])
})

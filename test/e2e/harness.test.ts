import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'

import { groupsOf, sweepDeadCgroups } from '../../scripts/engine/cgroups.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { until } from '../../scripts/engine/until.ts'

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

test('after a crash nothing runs and nothing is mounted, and the engine starts again', async () => {
  await engine.ok(['run', '-d', '--name', 'crashed', '-v', 'crashed:/v', IMAGE, 'sleep', '1000'])
  await engine.crash()
  const { stdout } = await engine.sandbox.exec('busybox', ['ps', '-o', 'comm'])
  assert.deepEqual(stdout.trim().split('\n').slice(1).sort(), ['busybox', 'cat', 'sh'])
  await engine.start()
  assert.equal(await engine.ok(['inspect', '--format', '{{.State.Status}}', 'crashed']), 'exited')
})

test('the leak search finds a value in a log, an argument, an inspection, a file', async () => {
  const canary = 'canary-harness-1f2e'
  assert.deepEqual(await findLeaks(engine, [canary]), [])
  await engine.ok(['volume', 'create', '--label', `x=${Buffer.from(canary).toString('base64')}`, 'labelled'])
  await engine.ok(['run', '-d', IMAGE, 'sh', '-c', `sleep 1000; : ${canary}`])
  await engine.sandbox.exec('sh', ['-c', `echo ${canary} >> /run/e2e/dockerd.log`])
  await engine.sandbox.exec('sh', ['-c', `mkdir -p /run/e2e/locket; echo ${canary} > /run/e2e/locket/file`])
  const found = (await findLeaks(engine, [canary], { paths: ['/run/e2e/locket'] })).join('\n')
  for (const where of [
    /^dockerd log$/m,
    /^volume inspect$/m,
    /^container inspect$/m,
    /^arguments of \d+$/m,
    /locket\/file$/m,
  ]) {
    assert.match(found, where)
  }
})

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  test(`a test run ended by ${signal} leaves no process and no control group`, async () => {
    const url = new URL('../../scripts/engine/engine.ts', import.meta.url).href
    const script = `
      const { startEngine, IMAGE } = await import('${url}')
      const engine = await startEngine()
      await engine.ok(['run', '-d', IMAGE, 'sleep', '1000'])
      console.log(engine.sandbox.tag + ' ' + engine.sandbox.root)
      setInterval(() => {}, 1000)`
    const run = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(run, 'exit')
    const [line] = await Promise.race([once(run.stdout, 'data'), ended])
    const [tag = '', root = ''] = String(line).trim().split(' ')
    assert.ok(existsSync(root), `no sandbox: ${line}`)
    run.kill(signal)
    assert.deepEqual(await ended, [null, signal])
    await until('process 1 of the sandbox is gone', () => !existsSync(root))
    await until('its control groups can be removed', () => {
      sweepDeadCgroups()
      return groupsOf(tag).length === 0
    })
  })
}

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { execWorld, isAlive, PASSWORD, program } from './exec-command.ts'

const NEW = 'canary-exec-rotated-3f7'
const VALUE = ['--watch', '-e', 'VALUE={{ local://db/password }}']

test('a secret that changes in its store restarts the command with the new value', async (t) => {
  const { start, keep } = await execWorld(t)
  const running = start([...VALUE, '--', ...program('forever')])
  const [, first] = await running.seen(new RegExp(`ready (\\d+) ${PASSWORD}`))
  await keep('db/password', NEW)
  await running.seen(new RegExp(`ready \\d+ ${NEW}`))
  assert.ok(!(await isAlive(Number(first))))
  running.process.kill('SIGTERM')
  const { stderr } = await running.ended
  assertNoSecret(stderr, [PASSWORD, NEW])
})

test('refresh=off, and a command without --watch, keep what they have', async (t) => {
  const { start, keep } = await execWorld(t)
  const off = start([...VALUE, '--refresh', 'off', '--', ...program('forever')])
  const plain = start(['--no-exec', ...VALUE.slice(1), '--', ...program('forever')])
  for (const running of [off, plain]) await running.seen(new RegExp(`ready \\d+ ${PASSWORD}`))
  await keep('db/password', NEW)
  await sleep(2000)
  for (const running of [off, plain]) {
    assert.equal([...running.out().matchAll(/ready/g)].length, 1)
    running.process.kill('SIGTERM')
    await running.ended
  }
})

test('on-change=signal: the command gets the signal when its new file is in place', async (t) => {
  const { start, keep, read, put, folder } = await execWorld(t)
  await put('in/a', 'one {{ local://db/password }}')
  const map = ['--map', `${folder}/in:${folder}/out`, '-e', 'VALUE={{ local://db/password }}']
  const action = ['--on-change', 'signal:SIGHUP', '--timeout', '200ms']
  const running = start(['--watch', ...map, ...action, '--', ...program('report-signals')])
  const [, pid] = await running.seen(/ready (\d+)/)
  await keep('db/password', NEW)
  await running.seen(/got SIGHUP/)
  assert.equal(await read('out/a'), `one ${NEW}`)
  // The variable of the running command cannot change.
  await running.said(/exec\.variables\.later/)
  assert.ok(await isAlive(Number(pid)))
  assert.equal([...running.out().matchAll(/ready/g)].length, 1)
  running.process.kill('SIGTERM')
  await running.ended
})

test('on-change=restart restarts for a file too, and none only writes it', async (t) => {
  for (const action of ['restart', 'none']) {
    const { start, keep, read, put, folder } = await execWorld(t)
    await put('in/a', '{{ local://db/password }}')
    const map = ['--map', `${folder}/in:${folder}/out`, '--on-change', action]
    const running = start(['--watch', ...map, '--', ...program('forever')])
    await running.seen(/ready/)
    await keep('db/password', NEW)
    await until('the file is written', async () => (await read(join('out', 'a'))) === NEW)
    if (action === 'restart') await running.seen(/ready/, 2)
    else await sleep(1000)
    assert.equal([...running.out().matchAll(/ready/g)].length, action === 'restart' ? 2 : 1)
    running.process.kill('SIGTERM')
    await running.ended
  }
})

test('a wrong action or signal is refused, with the nearest one', async (t) => {
  const { exec } = await execWorld(t)
  const said = async (action: string) => (await exec(['--on-change', action, '--', 'true'])).stderr
  assert.match(await said('reload'), /on-change: must be restart, none or signal:NAME/)
  assert.match(
    await said('signal:SIGHUB'),
    /on-change: signal: needs a signal .*did you mean signal:SIGHUP\?/,
  )
  assert.match(await said('signal:SIGKILL'), /needs a signal that a program can handle/)
})

test('a flag that belongs to --watch is refused without it; a variable is for other calls', async (t) => {
  const { exec } = await execWorld(t)
  for (const [flag, value] of [
    ['--refresh', '30s'],
    ['--on-change', 'restart'],
  ] as const) {
    const { code, stderr } = await exec([flag, value, '--', 'true'])
    assert.equal(code, 64)
    assert.match(stderr, new RegExp(`${flag} has no effect here \\(it belongs to --watch: add that flag\\)`))
  }
  assert.equal((await exec(['--', 'true'], { LOCKET_REFRESH: '30s' })).code, 0)
})

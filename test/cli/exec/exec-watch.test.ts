import assert from 'node:assert/strict'
import { chmod, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { execWorld, isAlive, PASSWORD, program, TOKEN } from './exec-command.ts'

const QUICKLY = ['--watch', '--debounce', '50ms']

test('a changed variable restarts the command, and the old process is gone first', async (t) => {
  const { start, put, folder } = await execWorld(t)
  await put('.env', 'VALUE=one\nA={{ local://db/password }}\n')
  const running = start([...QUICKLY, '--env-file', '.env', '--', ...program('forever')])
  const [, first] = await running.seen(/ready (\d+) one/)
  await put('.env', 'VALUE=two\nA={{ local://db/password }}\n')
  const [, second] = await running.seen(/ready (\d+) two/)
  assert.ok(!(await isAlive(Number(first))))
  // Replaced by a rename, as editors do.
  await rename(await put('.env.new', 'VALUE=three\n'), join(folder, '.env'))
  await running.seen(/ready (\d+) three/)
  assert.ok(!(await isAlive(Number(second))))
  running.process.kill('SIGTERM')
  const { code, stdout, stderr } = await running.ended
  assert.equal(code, 143)
  assert.equal([...stdout.matchAll(/ready/g)].length, 3)
  assertNoSecret(stderr, [PASSWORD, 'VALUE=', 'forever.ts'])
})

test('a file that is written again with the same variables restarts nothing', async (t) => {
  const { start, put } = await execWorld(t)
  await put('.env', 'VALUE=one\nB=x\n')
  const running = start([...QUICKLY, '--env-file', '.env', '--', ...program('forever')])
  await running.seen(/ready/)
  await put('.env', '# another comment\nB=x\nVALUE=one\n')
  await sleep(600)
  await put('.env', 'VALUE=two\nB=x\n')
  await running.seen(/ready \d+ two/)
  assert.equal([...running.out().matchAll(/ready/g)].length, 2)
  running.process.kill('SIGTERM')
  await running.ended
})

test('an edited template asks for its own references: a variable keeps its value', async (t) => {
  const { start, put, read, keep, folder } = await execWorld(t)
  await put('in/a', 'one {{ local://db/password }}')
  const map = ['--map', `${folder}/in:${folder}/out`]
  const variable = ['-e', 'VALUE={{ local://api/token | default "none" }}']
  const running = start([...QUICKLY, ...map, ...variable, '--', ...program('forever')])
  await running.seen(/ready/)
  await keep('api/token', 'another')
  await put('in/a', 'two {{ local://db/password }}')
  await until('the file is written', async () => (await read('out/a')).startsWith('two'))
  await put('in/a', 'three {{ local://db/password }}')
  await until('the file is written', async () => (await read('out/a')).startsWith('three'))
  assert.equal([...running.out().matchAll(/ready/g)].length, 1)
  running.process.kill('SIGTERM')
  await running.ended
})

test('a change of files alone is written, and the command keeps running', async (t) => {
  const { start, put, read, folder } = await execWorld(t)
  await put('in/a', 'one {{ local://db/password }}')
  const map = ['--map', `${folder}/in:${folder}/out`]
  const running = start([...QUICKLY, ...map, '-e', 'VALUE=same', '--', ...program('forever')])
  const [, pid] = await running.seen(/ready (\d+) same/)
  await put('in/a', 'two {{ local://db/password }}')
  await put('in/deep/b', 'b')
  await running.said(/exec\.files/)
  await until('the file is written', async () => (await read('out/a')).startsWith('two'))
  assert.equal(await read('out/a'), `two ${PASSWORD}`)
  await until('the new folder is there', async () => (await readdir(`${folder}/out`)).includes('deep'))
  assert.equal(await read('out/deep/b'), 'b')
  await rm(join(folder, 'in/deep'), { recursive: true })
  await until(
    'the file is removed',
    async () => (await readdir(`${folder}/out/deep`).catch(() => [])).length === 0,
  )
  await assert.rejects(stat(join(folder, 'out/deep/b')))
  assert.ok(await isAlive(Number(pid)))
  running.process.kill('SIGTERM')
  await running.ended
  await assert.rejects(stat(join(folder, 'out')))
})

test('a change that fails keeps the command and its files, and says so', async (t) => {
  const { start, put, read, folder } = await execWorld(t)
  await put('.env', 'VALUE=one\n')
  const secret = ['--secret', 'f={{ local://api/token }}', '--out', `${folder}/out`]
  const running = start([...QUICKLY, ...secret, '--env-file', '.env', '--', ...program('forever')])
  const [, pid] = await running.seen(/ready (\d+) one/)
  await put('.env', 'VALUE=two\nA={{ local://no/such }}\n')
  await running.said(/ERROR exec\.kept .*keeps running unchanged.*local:\/\/no\/such/)
  assert.ok(await isAlive(Number(pid)))
  assert.equal(await read('out/f'), TOKEN)
  await put('.env', 'VALUE=three\n')
  await running.seen(/ready \d+ three/)
  running.process.kill('SIGTERM')
  await running.ended
})

test('a file that was left alone for want of a value is not replaced when there is one', async (t) => {
  const { start, put, read, keep, folder } = await execWorld(t)
  await put('out/f', 'mine')
  await put('.env', 'VALUE=one\n')
  const secret = ['--secret', 'f={{ local://later/value }}', '--out', `${folder}/out`]
  const lenient = ['--inject-failure-policy', 'ignore', ...secret]
  const running = start([...QUICKLY, ...lenient, '--env-file', '.env', '--', ...program('forever')])
  await running.seen(/ready \d+ one/)
  await keep('later/value', TOKEN)
  await put('.env', 'VALUE=two\n')
  await running.said(/ERROR exec\.kept .*keeps running unchanged.*out\/f/)
  assert.equal(await read('out/f'), 'mine')
  running.process.kill('SIGTERM')
  await running.ended
  assert.equal(await read('out/f'), 'mine')
})

test('nothing is stopped if the new start is impossible: a missing program, a large variable', async (t) => {
  const { start, put, folder } = await execWorld(t)
  const [node = '', file = ''] = program('forever')
  const script = await put('bin/serve', `#!/bin/sh\nexec '${node}' '${file}'\n`)
  await chmod(script, 0o755)
  await put('.env', 'VALUE=one\n')
  const running = start([...QUICKLY, '--env-file', '.env', '--', `${folder}/bin/serve`])
  const [, pid] = await running.seen(/ready (\d+) one/)
  await put('.env', `VALUE=${'x'.repeat(140_000)}\n`)
  await running.said(/exec\.kept .*too large/)
  await chmod(script, 0o644)
  await put('.env', 'VALUE=two\n')
  await running.said(/exec\.kept .*not an executable file/)
  assert.ok(await isAlive(Number(pid)))
  await chmod(script, 0o755)
  await put('.env', 'VALUE=three\n')
  await running.seen(/ready \d+ three/)
  assert.ok(!(await isAlive(Number(pid))))
  running.process.kill('SIGTERM')
  await running.ended
})

test('a command that fails is started again, one that ends with 0 ends locket', async (t) => {
  const { start, exec, put, read } = await execWorld(t)
  await put('.env', 'VALUE=one\n')
  const count = 'echo x >> count; [ $(wc -l < count) -lt 3 ] && exit 9; exit 0'
  const { code, stderr } = await exec([...QUICKLY, '--env-file', '.env', '--', 'sh', '-c', count])
  assert.equal(code, 0)
  assert.equal(await read('count'), 'x\nx\nx\n')
  assert.match(stderr, /exec\.failed .* code=9 pauseMs=1000\n.*exec\.failed .* code=9 pauseMs=2000\n/)
  const failing = start([...QUICKLY, '--env-file', '.env', '--', 'sh', '-c', 'exit 9'])
  await failing.said(/pauseMs=1000/)
  failing.process.kill('SIGTERM')
  assert.equal((await failing.ended).code, 9)
})

test('a change while a command has failed starts it at once', async (t) => {
  const { start, put } = await execWorld(t)
  await put('.env', 'VALUE=one\n')
  const until = 'echo "is $VALUE"; [ "$VALUE" = two ] && exec sleep 60; exit 1'
  const running = start([...QUICKLY, '--env-file', '.env', '--', 'sh', '-c', until])
  await running.said(/pauseMs=4000/)
  const since = performance.now()
  await put('.env', 'VALUE=two\n')
  await running.seen(/is two/)
  assert.ok(performance.now() - since < 3000)
  running.process.kill('SIGINT')
  assert.equal((await running.ended).code, 130)
})

test('many restarts leave nothing behind: no listeners, no descriptors', async (t) => {
  const { start, put } = await execWorld(t)
  await put('.env', 'VALUE=0\n')
  const running = start([
    ...QUICKLY,
    '--env-file',
    '.env',
    '--',
    'sh',
    '-c',
    'echo "is $VALUE"; exec sleep 60',
  ])
  await running.seen(/is 0/)
  const descriptors = async () => (await readdir(`/proc/${running.process.pid}/fd`)).length
  let before = 0
  for (let n = 1; n <= 14; n += 1) {
    await put('.env', `VALUE=${n}\n`)
    await running.seen(new RegExp(`is ${n}\n`))
    if (n === 3) before = await descriptors()
  }
  assert.ok((await descriptors()) <= before + 1)
  running.process.kill('SIGTERM')
  const { stderr } = await running.ended
  assert.doesNotMatch(stderr, /MaxListeners|possible.*leak/i)
})

test('masking learns the values of a change', async (t) => {
  const { start, put, folder } = await execWorld(t)
  await put('in', 'nothing yet')
  const args = ['--map', `${folder}/in:${folder}/out`, '--mask', '--', 'sh', '-c']
  const running = start([...QUICKLY, ...args, 'while :; do cat out; echo; sleep 0.05; done'])
  await running.seen(/nothing yet/)
  await put('in', 'now {{ local://db/password }}')
  await running.seen(/now \[secret\]/)
  running.process.kill('SIGTERM')
  assertNoSecret((await running.ended).stdout, [PASSWORD])
})

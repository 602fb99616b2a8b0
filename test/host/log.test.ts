import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { openLog, type LogOptions } from '../../src/host/log/log.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'

const CANARY = 'CANARY-41c7-log'
const LOG_MODULE = new URL('../../src/host/log/log.ts', import.meta.url).href

function linesAt(level: LogOptions['level']): string[] {
  const lines: string[] = []
  const log = openLog({ format: 'text', level, write: (line) => lines.push(line), now: () => 0 })
  log.debug('a', 'one')
  log.info('b', 'two')
  log.warn('c', 'three')
  log.error('d', 'four')
  return lines.map((line) => line.split(' ')[2] ?? '')
}

test('a level lets through what is at least as important', () => {
  assert.deepEqual(linesAt('trace'), ['a', 'b', 'c', 'd'])
  assert.deepEqual(linesAt('debug'), ['a', 'b', 'c', 'd'])
  assert.deepEqual(linesAt('info'), ['b', 'c', 'd'])
  assert.deepEqual(linesAt('warn'), ['c', 'd'])
  assert.deepEqual(linesAt('error'), ['d'])
})

test('lines go to stderr at once: a process that ends right after has written them all', () => {
  const program = `
    const { openLog } = await import(process.argv[1])
    const log = openLog({ format: 'json', level: 'info' })
    for (let n = 0; n < 5000; n += 1) log.info('test.line', 'a line', { n })
    process.kill(process.pid, 'SIGKILL')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program, LOG_MODULE], {
    maxBuffer: 1 << 24,
  })
  assert.equal(stdout.length, 0)
  const lines = stderr.toString().trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => Object(JSON.parse(line)).n as unknown),
    Array.from({ length: 5000 }, (_, n) => n),
  )
})

test('a stderr that is closed or full fails nothing', () => {
  const program = `
    const { openLog } = await import(process.argv[1])
    const { closeSync } = await import('node:fs')
    const log = openLog({ format: 'text', level: 'info' })
    closeSync(2)
    log.error('test.line', 'a line')
    process.stdout.write('went on')`
  const closed = spawnSync(process.execPath, ['--input-type=module', '-e', program, LOG_MODULE])
  assert.equal(closed.stdout.toString(), 'went on')
})

test('a secret that slips into a fact or a message is not printed, in any format', () => {
  const secret = Secret.fromText(CANARY)
  for (const format of ['text', 'json', 'compose'] as const) {
    let text = ''
    const log = openLog({ format, level: 'trace', write: (line) => (text += line) })
    log.info('test.secret', `message ${String(secret)}`, {
      inspected: inspect(secret, { showHidden: true }),
      json: JSON.stringify({ secret }),
    })
    assert.match(text, /\[secret\]/)
    assertNoSecret(text, [CANARY])
  }
})

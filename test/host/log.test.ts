import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { createEvents, type EventListener } from '../../src/core/ports/events.ts'
import { openLog, type LogOptions } from '../../src/host/log/log.ts'
import { openPinoLog } from '../../src/host/log/pino-log.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'

const CANARY = 'CANARY-41c7-log'
const LOGS: readonly ((options: LogOptions) => EventListener)[] = [openLog, openPinoLog]
const OPEN_MODULES = [
  [new URL('../../src/host/log/log.ts', import.meta.url).href, 'openLog'],
  [new URL('../../src/host/log/pino-log.ts', import.meta.url).href, 'openPinoLog'],
] as const

function linesOf(
  open: (options: LogOptions) => EventListener,
  options: Omit<LogOptions, 'format'>,
): string[] {
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  const emit = createEvents([open({ format: 'text', write, now: () => 0, ...options })])
  emit('bws.client', { provider: 'bws', client: 'sdk' })
  emit('volume.removed', { volume: 'db' })
  emit('exec.unresolved', { left: 'nothing is started', policy: 'error', error: 'x y' })
  emit('daemon.restore', { error: 'e' })
  return lines
}

test('both logs write the same lines', () => {
  const at = '1970-01-01T00:00:00Z'
  for (const open of LOGS)
    assert.deepEqual(linesOf(open, { level: 'trace' }), [
      `${at} DEBUG bws.client client chosen provider=bws client=sdk\n`,
      `${at} INFO volume.removed removed volume=db\n`,
      `${at} WARN exec.unresolved references without a value: nothing is started policy=error error="x y"\n`,
      `${at} ERROR daemon.restore volumes could not be compared with the mount table error=e\n`,
    ])
})

test('errors can be written as warnings, and are then dropped with them', () => {
  const last = (level: LogOptions['level']) => linesOf(openLog, { level, errorsAs: 'warn' }).at(-1)
  assert.match(last('warn') ?? '', / WARN daemon\.restore /)
  assert.equal(last('error'), undefined)
})

test('a level lets through what is at least as important', () => {
  const events = ['bws.client', 'volume.removed', 'exec.unresolved', 'daemon.restore']
  const rows = [
    ['trace', 4],
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const
  for (const open of LOGS)
    for (const [level, count] of rows) {
      const names = linesOf(open, { level }).map((line) => line.split(' ')[2])
      assert.deepEqual(names, events.slice(-count), level)
    }
})

test('lines go to stderr at once: a process that ends right after has written them all', () => {
  const program = `
    const open = (await import(process.argv[1]))[process.argv[2]]
    const log = open({ format: 'json', level: 'info' })
    for (let n = 0; n < 5000; n += 1) log({ name: 'inject.wiped', facts: { files: n } })
    process.kill(process.pid, 'SIGKILL')`
  for (const opened of OPEN_MODULES) {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', program, ...opened],
      {
        maxBuffer: 1 << 24,
      },
    )
    assert.equal(stdout.length, 0)
    const lines = stderr.toString().trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => Object(JSON.parse(line)).files as unknown),
      Array.from({ length: 5000 }, (_, n) => n),
    )
  }
})

test('a stderr that is closed or full fails nothing', () => {
  const program = `
    const open = (await import(process.argv[1]))[process.argv[2]]
    const { closeSync } = await import('node:fs')
    const log = open({ format: 'text', level: 'info' })
    closeSync(2)
    log({ name: 'inject.wiped', facts: { files: 1 } })
    process.stdout.write('went on')`
  for (const opened of OPEN_MODULES) {
    const closed = spawnSync(process.execPath, ['--input-type=module', '-e', program, ...opened])
    assert.equal(closed.stdout.toString(), 'went on')
  }
})

test('a secret that slips into a fact or a message is not printed, in any format', () => {
  const secret = Secret.fromText(CANARY)
  for (const open of LOGS)
    for (const format of ['text', 'json', 'compose'] as const) {
      let text = ''
      const emit = createEvents([open({ format, level: 'trace', write: (line) => (text += line) })])
      emit('compose.remark', { remark: `message ${String(secret)}` })
      emit('template.warning', {
        where: inspect(secret, { showHidden: true }),
        warning: JSON.stringify({ secret }),
      })
      assert.match(text, /\[secret\]/)
      assertNoSecret(text, [CANARY])
    }
})

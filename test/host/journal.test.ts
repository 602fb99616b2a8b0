import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { formatRecord } from '../../src/host/log/log.ts'
import { isJournal, journalLine } from '../../src/host/log/journal.ts'

test('stderr is the journal when its device and inode are those of JOURNAL_STREAM', () => {
  const descriptor = openSync('/dev/null', 'r')
  try {
    const { dev, ino } = fstatSync(descriptor)
    assert.equal(isJournal(`${dev}:${ino}`, descriptor), true)
    assert.equal(isJournal(`${dev}:${ino + 1}`, descriptor), false)
    assert.equal(isJournal('', descriptor), false)
    assert.equal(isJournal(undefined, descriptor), false)
  } finally {
    closeSync(descriptor)
  }
  assert.equal(isJournal('1:1', 99_999), false)
})

test('a line of the journal has its priority in front, and no date', () => {
  const facts = { volume: 'db' }
  const line = (level: 'debug' | 'info' | 'warn' | 'error') =>
    journalLine(level, formatRecord('text', { time: 0, level, event: 'a.b', message: 'hello', facts }))
  assert.equal(line('info'), '<6>INFO a.b hello volume=db')
  assert.deepEqual(
    (['debug', 'warn', 'error'] as const).map((level) => line(level).slice(0, 3)),
    ['<7>', '<4>', '<3>'],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chainedLine, FIRST, hashOf, parseChained } from './chain.ts'
import { inLines, shortened, type AuditFacts } from './facts.ts'
import { checkLogFile, checkLog, type CheckedLogFile } from './verify.ts'

const FACTS: AuditFacts = {
  time: '2026-11-30T00:00:00.000Z',
  action: 'mount',
  outcome: 'ok',
  command: 'volume',
}

/** Lines that follow each other; the first one follows `previous`. */
function chain(count: number, previous = FIRST): string[] {
  let last = previous
  return Array.from({ length: count }, (_, index) => {
    const line = chainedLine({ ...FACTS, mountId: String(index) }, last)
    last = line.hash
    return line.text
  })
}

function checked(lines: readonly string[], path = 'audit.log', isWhole = true): CheckedLogFile {
  const check = checkLogFile(path)
  lines.forEach((line, index) => check.add(Buffer.from(line), isWhole || index < lines.length - 1))
  return check.result()
}

test('each line holds the hash of the one before it', () => {
  const [one = '', two = ''] = chain(2)
  assert.deepEqual(parseChained(one), { facts: { ...FACTS, mountId: '0' }, previous: FIRST })
  assert.equal(parseChained(two)?.previous, hashOf(one))
  for (const text of ['', '{', '[]', 'null', '{"prev":"x"}', '{"a":1}'])
    assert.equal(parseChained(text), undefined, text)
})

test('a line that was changed, removed, added or moved is found, with its number', () => {
  const lines = chain(5)
  assert.deepEqual(checked(lines).faults, [])
  const changed = lines.with(2, (lines[2] ?? '').replace('"ok"', '"OK"'))
  assert.match(checked(changed).faults.join(), /^audit\.log:4 does not follow the line before it/)
  assert.match(checked(lines.toSpliced(1, 1)).faults.join(), /^audit\.log:2 does not follow/)
  assert.equal(checked(lines.toSpliced(3, 0, lines[2] ?? '')).faults.length, 1)
  assert.equal(
    checked([...lines.slice(0, 2), lines[3] ?? '', lines[2] ?? '', lines[4] ?? '']).faults.length,
    3,
  )
  assert.match(checked(lines.with(3, 'nonsense')).faults.join('\n'), /:4 is not a line of an audit log\n.*:5/)
})

test('a line that is not complete is a remark', () => {
  const { faults, remarks } = checked([...chain(2), '{"time":'], 'audit.log', false)
  assert.deepEqual(faults, [])
  assert.match(remarks.join(), /^audit\.log:3 is not complete/)
})

test('the files of a log are put in order by their hashes; one that is missing is found', () => {
  const lines = chain(9)
  const [a, b, c] = [
    checked(lines.slice(0, 3), 'a'),
    checked(lines.slice(3, 6), 'b'),
    checked(lines.slice(6), 'c'),
  ]
  const whole = checkLog([c, a, b])
  assert.deepEqual(
    [whole.files.map(({ path }) => path), whole.faults, whole.remarks],
    [['a', 'b', 'c'], [], []],
  )
  assert.equal(whole.last, hashOf(lines[8] ?? ''))
  assert.deepEqual(checkLog([b, c]).remarks, ['b continues a file that is not among these'])
  assert.deepEqual(checkLog([c, a]).faults, ['c does not continue any of the files'])
  assert.deepEqual(checkLog([]).faults, [])
})

test('many faults are counted, not all listed', () => {
  const { faults } = checked(Array.from({ length: 50 }, () => 'x'))
  assert.equal(faults.at(-1), 'audit.log: 30 more')
})

test('many references make several lines, and long texts are cut', () => {
  const values = Array.from({ length: 250 }, (_, index) => ({ reference: `r${index}`, outcome: 'ok' }))
  const lines = inLines({ ...FACTS, values })
  assert.deepEqual(
    lines.map((line) => line.values?.length),
    [100, 100, 50],
  )
  const long = shortened({
    ...FACTS,
    note: 'x'.repeat(5000),
    values: [{ reference: 'y'.repeat(5000), outcome: 'ok' }],
  })
  assert.deepEqual([long.note?.length, long.values?.[0]?.reference.length], [2001, 2001])
})

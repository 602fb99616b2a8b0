import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readToml } from './toml-syntax.ts'

/** A text, what can be read of it, and its faults as `LINE:COLUMN beginning`. */
const CASES: readonly [text: string, tables: object, ...faults: string[]][] = [
  ['[a]\nb = "1"\n', { a: { b: '1' } }],
  [
    '[a]\nb = 30s\nc = 0640\nd = True\ne = "1"\n',
    { a: { e: '1' } },
    '2:7 this is not a value',
    '3:5 a number must not begin with 0',
    '4:5 this is not a value',
  ],
  ['[a\nb = "1"\n[c]\nd = "1"\n', { c: { d: '1' } }, '1:3 write NAME = VALUE'],
  ['a:\n  b: 1\n', {}, '1:2 write NAME = VALUE', '2:4 write NAME = VALUE'],
  ['[a]\nb = [\n "x"\n "y",\n]\n', { a: {} }, '4:2 a comma or the closing bracket'],
  ['[a]\nb = [\n "x",\n', { a: {} }, '2:5 the list is not closed'],
  ['[a]\nb = { c = 1\n', { a: {} }, '2:12 a comma or the closing bracket'],
  ['[a]\nb = """x\ny\n', { a: {} }, '2:5 the quote is not closed'],
  ['[a]\nb = "x\nc = "1"\n', { a: { c: '1' } }, '2:7 the quote is not closed on its line'],
  ['[a]\nb = "C:\\dir"\n', { a: {} }, '2:9 a \\ in "…" begins an escape'],
  ['[a]\nb = "1" c\n', { a: {} }, '2:9 only a # comment may follow'],
  ['[a]\nb = "1"\nb = "2"\n', { a: { b: '1' } }, '3:1 this is set a second time'],
  ['[a]\n[a]\nb = "2"\n[c]\n', { a: {}, c: {} }, '2:2 this is set a second time'],
]

for (const [text, tables, ...faults] of CASES) {
  test(`a TOML text is read as far as it is right: ${JSON.stringify(text).slice(0, 40)}`, () => {
    const read = readToml(text)
    assert.deepEqual(JSON.parse(JSON.stringify(read.tables)), tables)
    assert.equal(read.faults.length, faults.length, JSON.stringify(read.faults))
    read.faults.forEach(({ line, column, says }, index) => {
      const expected = faults[index] ?? ''
      assert.equal(`${line}:${column} ${says}`.slice(0, expected.length), expected)
    })
  })
}

test('nothing of a TOML text is left out without a fault, and no fault quotes it', () => {
  const right = '[a]\nb = "canary-1"\nc = ["x", "y"]\nd = { e = 1 }\nf = """\nx\n"""\n[g]\nh = 2020-01-01\n'
  for (let at = 0; at < right.length; at += 1) {
    for (const text of [
      right.slice(0, at),
      `${right.slice(0, at)}${right.slice(at + 1)}`,
      `${right.slice(0, at)}"${right.slice(at)}`,
    ]) {
      const { text: rest, faults } = readToml(text)
      assert.ok(faults.length > 0 || rest === text, text)
      assert.doesNotMatch(JSON.stringify(faults), /canary/)
    }
  }
})

test('a text of many faults is read in good time', () => {
  const start = performance.now()
  assert.equal(readToml('x\n'.repeat(20_000)).faults.length, 10)
  assert.ok(performance.now() - start < 3000)
})

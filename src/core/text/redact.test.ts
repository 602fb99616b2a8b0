import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bytePatterns } from './byte-patterns.ts'
import { printedForms } from './printed-forms.ts'
import { createRedactor, MASK } from './redact.ts'
import { Secret } from '../vocabulary/secret.ts'

function redact(patterns: readonly Uint8Array[], chunks: readonly Uint8Array[]): Buffer {
  const redactor = createRedactor(bytePatterns(patterns))
  return Buffer.concat([...chunks.map((chunk) => redactor.push(chunk.slice())), redactor.flush()])
}

/** A slow and simple implementation to compare with. */
function expected(patterns: readonly Uint8Array[], text: Uint8Array): Buffer {
  const bytes = Buffer.from(text)
  const isSecret = new Set<number>()
  for (const pattern of patterns) {
    if (pattern.length === 0) continue
    for (let at = bytes.indexOf(pattern); at !== -1; at = bytes.indexOf(pattern, at + 1))
      for (let offset = 0; offset < pattern.length; offset += 1) isSecret.add(at + offset)
  }
  const parts: Buffer[] = []
  for (const [at, byte] of bytes.entries()) {
    if (!isSecret.has(at)) parts.push(Buffer.of(byte))
    else if (!isSecret.has(at - 1)) parts.push(Buffer.from(MASK))
  }
  return Buffer.concat(parts)
}

function chunked(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end))
}

/** Values of few letters, so that they overlap, repeat, and begin inside one another. */
const few = (max: number) =>
  fc
    .array(fc.constantFrom(0x61, 0x62, 0x00), { maxLength: max })
    .map((letters): Uint8Array => Uint8Array.from(letters))

test('any chunking shows the same, and no byte of a value', () => {
  fc.assert(
    fc.property(
      fc.array(few(6), { maxLength: 5 }),
      few(60),
      fc.array(fc.nat(), { maxLength: 20 }),
      (patterns, text, cuts) => {
        const shown = redact(patterns, chunked(text, cuts))
        assert.deepEqual(shown, expected(patterns, text))
      },
    ),
    { numRuns: 3000 },
  )
})

test('a value among other output never comes through, one byte at a time or all at once', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 40 }),
      fc.uint8Array({ maxLength: 50 }),
      fc.uint8Array({ maxLength: 50 }),
      (value, before, after) => {
        fc.pre(!value.some((byte) => MASK.includes(String.fromCharCode(byte))))
        const text = Buffer.concat([before, value, after])
        const forms = printedForms(new Secret(value.slice()))
        const bytewise = redact(forms, chunked(text, [...text.keys()]))
        assert.ok(!bytewise.includes(value))
        assert.deepEqual(bytewise, redact(forms, [text]))
      },
    ),
  )
})

test('bytes that cannot begin a value are shown at once', () => {
  const redactor = createRedactor(bytePatterns([Buffer.from('hunter2')]))
  const show = (text: string) => Buffer.from(redactor.push(Buffer.from(text))).toString()
  assert.equal(show('password? '), 'password? ')
  assert.equal(show('a hun'), 'a ')
  assert.equal(show('dred'), 'hundred')
  assert.equal(show('hunter'), '')
  assert.equal(show('2!'), '[secret]!')
  assert.equal(show('hunt'), '')
  assert.equal(Buffer.from(redactor.flush()).toString(), 'hunt')
})

test('values that overlap or touch are masked as one', () => {
  const patterns = ['abcd', 'cdef', 'wxyz'].map((text) => Buffer.from(text))
  assert.equal(redact(patterns, [Buffer.from('-abcdef-abcdwxyz-')]).toString(), '-[secret]-[secret]-')
})

test('patterns that were wiped find nothing, and hold nothing', () => {
  const patterns = bytePatterns([Buffer.from('hunter2')])
  patterns.wipe()
  assert.equal(Buffer.from(createRedactor(patterns).push(Buffer.from('hunter2'))).toString(), 'hunter2')
})

test('values that become known while output is held back are found in it', () => {
  const redactor = createRedactor(bytePatterns([Buffer.from('abcde'), Buffer.from('defgh')]))
  const show = (text: string) => Buffer.from(redactor.push(Buffer.from(text))).toString()
  assert.equal(show('<abcde'), '<[secret]')
  redactor.use(bytePatterns([Buffer.from('abcde'), Buffer.from('efghi')]))
  assert.equal(show('fghi>'), '>')
  assert.equal(show('defgh!'), 'defgh!')
})

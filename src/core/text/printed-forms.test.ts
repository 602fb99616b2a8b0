import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bytePatterns } from './byte-patterns.ts'
import { isMaskable, LONGEST_MASKED, printedForms } from './printed-forms.ts'
import { createRedactor } from './redact.ts'
import { Secret } from '../vocabulary/secret.ts'

const VALUE = 'pä$$ "w/ord" & more'
const BYTES = Buffer.from(VALUE)
const KEY = `-----BEGIN KEY-----\n${'MIIEowIBAAKCAQEAv0'.repeat(3)}\nQf8x1/zz+Qw\n-----END KEY-----\n`

function shown(value: string | Uint8Array, output: string | Uint8Array): string {
  const forms = printedForms(typeof value === 'string' ? Secret.fromText(value) : new Secret(value.slice()))
  const redactor = createRedactor(bytePatterns(forms))
  return Buffer.concat([redactor.push(Buffer.from(output)), redactor.flush()]).toString()
}

test('a value is found however a program writes it', () => {
  const table: [string, string][] = [
    ['as it is', VALUE],
    ['base64', BYTES.toString('base64')],
    ['base64 for URLs', BYTES.toString('base64url')],
    ['hex', BYTES.toString('hex')],
    ['HEX', BYTES.toString('hex').toUpperCase()],
    ['JSON', JSON.stringify(VALUE).slice(1, -1)],
    ['JSON in ASCII', String.raw`p\u00e4$$ \"w/ord\" & more`],
    ['JSON with escaped slashes', String.raw`pä$$ \"w\/ord\" & more`],
    ['a URL', encodeURIComponent(VALUE)],
    ['a form', 'p%C3%A4%24%24+%22w%2Ford%22+%26+more'],
    ['a path', 'p%C3%A4%24%24%20%22w/ord%22%20%26%20more'],
    ['small hex digits', 'p%c3%a4%24%24%20%22w%2ford%22%20%26%20more'],
  ]
  for (const [form, text] of table) assert.equal(shown(VALUE, `<${text}>`), '<[secret]>', form)
})

test('inside longer base64 at most two letters of a value remain at either end', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 60 }),
      fc.uint8Array({ maxLength: 9 }),
      fc.uint8Array({ maxLength: 9 }),
      (value, before, after) => {
        for (const encoding of ['base64', 'base64url'] as const) {
          const text = Buffer.concat([before, value, after]).toString(encoding)
          const left = shown(value, text).replace('[secret]', '')
          const foreign = Buffer.concat([before, after]).toString('base64url')
          assert.ok(left.replace(/=+$/, '').length <= foreign.length + 4, `${text} is shown as ${left}`)
        }
      },
    ),
  )
})

test('a key of several lines is found line by line, and in the lines of base64', () => {
  const indented = KEY.split('\n').join('\r\n    ')
  assert.equal(
    shown(KEY, indented),
    '-----BEGIN KEY-----\r\n    [secret]\r\n    [secret]\r\n    -----END KEY-----\r\n    ',
  )
  for (const width of [64, 76]) {
    const lines =
      Buffer.from(KEY)
        .toString('base64')
        .match(new RegExp(`.{1,${width}}`, 'g')) ?? []
    assert.equal(shown(KEY, lines.join('\n')), lines.map(() => '[secret]').join('\n'))
  }
})

test('a value is found without the newline at the end of its file', () => {
  assert.equal(shown('hunter2\n', '<hunter2>'), '<[secret]>')
  assert.equal(shown('hunter2\r\n', `<${Buffer.from('hunter2').toString('base64')}>`), '<[secret]>')
})

test('bytes that are not text are found too', () => {
  const bytes = Uint8Array.of(0xff, 0, 0xfe, 1, 0xc0, 0x80)
  assert.equal(shown(bytes, Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')])), '<[secret]>')
})

test('a value of less than four bytes, and one of a quarter mebibyte, are not looked for', () => {
  assert.equal(shown('abc', 'abc'), 'abc')
  assert.equal(shown('abcd', 'abcd'), '[secret]')
  assert.deepEqual(
    [3, 4, LONGEST_MASKED, LONGEST_MASKED + 1].map((size) => isMaskable(new Secret(new Uint8Array(size)))),
    [false, true, true, false],
  )
})

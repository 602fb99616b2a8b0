import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { outcomesOf, parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { isLocketError } from '../vocabulary/errors.ts'
import { parseTemplate } from './parse.ts'
import { renderSteps } from './render.ts'
import { inOneTurn } from '../waiting/turns.ts'
import type { Template } from './template.ts'

const STRICT = { policy: 'error', now: 0, origin: 'x', maxBytes: 1_048_576 } as const
const seed = 20261122

const pieces = fc.array(
  fc.constantFrom(
    '{',
    '{{',
    '}',
    '}}',
    '|',
    '"',
    "'",
    '\\',
    ' ',
    '\n',
    'op://',
    'op://v/i/f',
    'opp://a/b',
    'http://',
    'base64',
    'default',
    'nope',
    'indent 4',
    'é',
    'x',
    '\0',
  ),
  { maxLength: 30 },
)

function parse(bytes: Uint8Array): Template | undefined {
  try {
    return parseTemplate(bytes, parseSampleRef, 'x')
  } catch (thrown) {
    assert.ok(isLocketError(thrown), String(thrown))
    assert.match(thrown.message, /^x: line [0-9]+, column [0-9]+: /)
    assert.ok(thrown.code === 'ref_syntax' || thrown.code === 'template_syntax')
    return undefined
  }
}

function textOf(segment: Template['segments'][number]): Uint8Array {
  return segment.kind === 'text' ? segment.bytes : new TextEncoder().encode(segment.raw)
}

test('a text without tags is rendered unchanged, for any bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(fc.constantFrom(0x7b, 0x7d, 0x7c, 0x22, 0x0a, 0x20, 0xff, 0xc3, 0x41), { maxLength: 60 })
      .map((list) => Uint8Array.from(list)),
  )
  const quotedBraces = /\{\{\s*(["'])(\{\{|\}\})\1\s*\}\}/
  fc.assert(
    fc.property(bytes, (text) => {
      fc.pre(!quotedBraces.test(Buffer.from(text).toString('latin1')))
      const template = parseTemplate(text, () => undefined, 'x')
      assert.deepEqual(inOneTurn(renderSteps(template, new Map(), STRICT))?.reveal(), text)
      assert.deepEqual(template.refs, [])
    }),
    { seed, numRuns: 2000 },
  )
})

test('any text is parsed, or refused with a place and a reason', () => {
  let parsed = 0
  let withSecrets = 0
  fc.assert(
    fc.property(pieces, (list) => {
      const template = parse(new TextEncoder().encode(list.join('')))
      if (template === undefined) return
      parsed += 1
      if (template.refs.length > 0) withSecrets += 1
    }),
    { seed, numRuns: 5000 },
  )
  assert.ok(parsed > 1000 && withSecrets > 20, `${parsed} parsed, ${withSecrets} with secrets`)
})

test('all segments together are the original text, except quoted braces', () => {
  fc.assert(
    fc.property(pieces, (list) => {
      const text = list.join('')
      fc.pre(!/["'](\{\{|\}\})["']/.test(text))
      const template = parse(new TextEncoder().encode(text))
      if (template !== undefined) assert.equal(Buffer.concat(template.segments.map(textOf)).toString(), text)
    }),
    { seed, numRuns: 5000 },
  )
})

test('values of any bytes are placed between texts of any bytes without braces', () => {
  const plain = fc
    .uint8Array({ maxLength: 30 })
    .map((bytes) => bytes.filter((byte) => byte !== 0x7b && byte !== 0x7d))
  fc.assert(
    fc.property(plain, fc.uint8Array({ maxLength: 30 }), plain, (before, value, after) => {
      const tag = new TextEncoder().encode('{{ op://v/i/f }}')
      const template = parseTemplate(Buffer.concat([before, tag, after]), parseSampleRef, 'x')
      const outcomes = outcomesOf(template.refs, { 'op://v/i/f': value })
      const expected = Uint8Array.from([...before, ...value, ...after])
      assert.deepEqual(inOneTurn(renderSteps(template, outcomes, STRICT))?.reveal(), expected)
    }),
    { seed },
  )
})

test('a text made to be slow is read in linear time', () => {
  const units = [
    '{{',
    '{',
    '}}',
    '{{ ',
    '{{ "',
    `{{ '`,
    `{{ "{{ '`,
    '{{|',
    '{{ a | b ',
    '{{ op://',
    '{{ op://v/i/f ',
    '{{ op://v/i/f | x ',
    '{{ op://v/i/f | x " ',
    '{{ op://v/i/f | x "\\" ',
    '{{ op://v/i/f | x \\"',
    '{{op://v/i/f|x\\ "',
    `{{ op://v/i/f | x ' {{ op://v/i/f | x " `,
    '{{ op://v }}',
    '{{ opp://v }}',
    '{{ op://v/i/f }}',
    '{{ "{{" }}',
    ' ',
    '\n',
    '\u00e9',
  ]
  for (const unit of units) {
    for (const start of ['', '{{ op://v/i/f | default "']) {
      const text = new TextEncoder().encode(start + unit.repeat(300_000 / unit.length))
      const started = performance.now()
      parse(text)
      const elapsed = performance.now() - started
      assert.ok(elapsed < 2500, `${JSON.stringify(start + unit)} took ${Math.round(elapsed)} ms`)
    }
  }
})

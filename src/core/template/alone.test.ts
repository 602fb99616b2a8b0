import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { parseTemplate } from './parse.ts'

const parse = (text: string) => parseTemplate(new TextEncoder().encode(text), parseSampleRef, 'secret x')

test('a reference that ends in * is alone in its template; blanks around it do not count', () => {
  for (const text of ['op://v/i/*', ' op://v/i/*\n', '{{ op://v/i/* }}', '\n{{ "op://v/i/s/*" }}\n\n']) {
    const { segments, refs } = parse(text)
    assert.deepEqual(
      segments.map(({ kind }) => kind),
      ['secret'],
      text,
    )
    assert.equal(refs[0]?.isAll, true)
  }
  assert.equal(parse('op://v/i/a*').refs[0]?.isAll, undefined)
})

test('text, another tag or a filter beside a * is refused, with its position', () => {
  const beside = /a reference that ends in \* stands beside other text or tags/
  for (const [text, position, said] of [
    ['x{{ op://v/i/* }}', 'line 1, column 2', beside],
    ['{{ op://v/i/* }}\n.', 'line 1, column 1', beside],
    ['{{ op://v/i/a }}\n {{ op://v/i/* }}', 'line 2, column 2', beside],
    ['{{ op://v/i/* }}{{ op://v/i/* }}', 'line 1, column 17', beside],
    ['{{ op://v/i/* | trim }}', 'line 1, column 1', /a reference that ends in \* takes no filter/],
    ['{{ op://v/i/* | default "x" }}', 'line 1, column 1', /takes no filter/],
  ] as const) {
    assert.throws(
      () => parse(text),
      (error: Error) => error.message.includes(position) && said.test(error.message),
      text,
    )
  }
  assert.throws(() => parse('op://v/i/* | trim'), { code: 'template_syntax' })
})

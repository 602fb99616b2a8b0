import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomesOf, parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { toLocketError, type LocketError } from '../vocabulary/errors.ts'
import { inOneTurn } from '../waiting/turns.ts'
import { parseSteps, parseTemplate } from './parse.ts'
import { renderSteps, type RenderOptions } from './render.ts'
import type { Template } from './template.ts'

const A = 'op://v/i/a'

function parse(text: string): Template {
  return parseTemplate(new TextEncoder().encode(text), parseSampleRef, 'secret x')
}

type Limits = Pick<RenderOptions, 'maxBytes' | 'allot'>

function render(text: string, value: string, limits: Limits): string | undefined {
  const template = parse(text)
  const options = { policy: 'error', now: 0, origin: 'secret x', ...limits } as const
  const outcomes = outcomesOf(template.refs, { [A]: value })
  return new TextDecoder().decode(inOneTurn(renderSteps(template, outcomes, options))?.reveal())
}

function refusal(text: string, value: string, limits: Limits): LocketError {
  try {
    render(text, value, limits)
  } catch (thrown) {
    return toLocketError(thrown)
  }
  throw new assert.AssertionError({ message: 'it was rendered' })
}

test('tags are counted before they take memory', () => {
  let tags = 0
  const countTag = () => {
    tags += 1
    if (tags > 3) throw new Error('too many')
  }
  const text = new TextEncoder().encode('{{ op://v/i/f }}{{ "{{" }}{{ .x }}'.repeat(1000))
  const steps = parseSteps(text, { parseRef: parseSampleRef, origin: 'x', countTag })
  assert.throws(() => inOneTurn(steps), /too many/)
  assert.equal(tags, 4)
})

test('a tag that is longer than 64 KiB is an error, and what is near it is read as ever', () => {
  const long = (bytes: number) => `{{ op://v/i/f | default "${'x'.repeat(bytes)}" }}`
  assert.equal(parse(`${long(65_000)}{{ op://v/i/g }}`).refs.length, 2)
  assert.throws(() => parse(long(66_000)), /op:\/\/v\/i\/f/)
  for (const blanks of [65_531, 65_532, 65_533, 65_534, 65_535])
    assert.equal(parse(`{{${' '.repeat(blanks)}{{ op://v/i/g }}`).refs.length, 1, `${blanks}`)
})

test('a file that would be too large is refused before its memory is allocated', () => {
  const maxBytes = 100
  const long = 'x'.repeat(60)
  const sizes: number[] = []
  const allot = (bytes: number) => sizes.push(bytes)
  const error = refusal(`{{ ${A} }}{{ ${A} }}`, long, { maxBytes, allot })
  assert.deepEqual([error.code, error.facts.origin], ['too_large', 'secret x'])
  assert.equal(error.reason, 'the rendered file is larger than max-file-size, which is 100B')
  assert.deepEqual(sizes, [])
  assert.equal(render(`{{ ${A} }}-`, long, { maxBytes, allot })?.length, 61)
  assert.deepEqual(sizes, [61])
})

test('a chain of filters may not grow a value beyond the largest file', () => {
  const chain = ' | base64'.repeat(32)
  const error = refusal(`{{ ${A}${chain} }}`, 'x'.repeat(1000), { maxBytes: 10_000 })
  assert.match(error.message, /larger than max-file-size/)
  assert.match(refusal(`{{ ${A}${chain} | base64 }}`, 'x', { maxBytes: 100 }).message, /more than 32 filters/)
})

test('a filter takes a value of at most 256 KiB, those that only encode blocks take 8', () => {
  const value = 'x'.repeat(262_145)
  const options = { maxBytes: 16_777_216 }
  assert.match(
    refusal(`{{ ${A} | json }}`, value, options).message,
    /filter json: the value has 262145 bytes/,
  )
  assert.equal(render(`{{ ${A} | base64 | base64decode | trim }}`, value, options)?.length, 262_145)
})

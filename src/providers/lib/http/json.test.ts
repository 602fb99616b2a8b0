import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_JSON_DEPTH, USUAL_JSON_VALUES, readJson } from './json.ts'

const read = (text: string): unknown => readJson(new TextEncoder().encode(text), { who: 'x at http://h' })

test('brackets and commas inside strings count neither as depth nor as values', () => {
  const odd = { a: ['[{'.repeat(100), '\\"[['], b: ','.repeat(USUAL_JSON_VALUES + 1), '"]}': null }
  assert.deepEqual(read(JSON.stringify(odd)), odd)
  assert.equal(read('"\\\\"'), '\\')
  const deep = '['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH)
  assert.ok(Array.isArray(read(deep)))
})

test('an answer that is nested too deeply is refused before it is parsed', () => {
  const message = `x at http://h sent an answer nested deeper than ${MAX_JSON_DEPTH} levels`
  const deeper = MAX_JSON_DEPTH + 1
  for (const text of ['['.repeat(deeper), '{"a":'.repeat(deeper), `["\\"",${'['.repeat(deeper)}`])
    assert.throws(() => read(text), { code: 'provider_protocol', message })
})

test('an answer of a million values is refused quickly', () => {
  const wide = `[${'[],'.repeat(2_500_000)}0]`
  const started = performance.now()
  assert.throws(() => read(wide), { code: 'too_large', message: /more than 50000 values$/ })
  assert.throws(() => read('['.repeat(8_000_000)), { code: 'provider_protocol' })
  assert.ok(performance.now() - started < 1000)
})

test('a body that is not JSON in UTF-8 is refused and not quoted', () => {
  for (const text of ['canary', '', '{"canary"', '"canary', '"canary\\'])
    assert.throws(() => read(text), {
      code: 'provider_protocol',
      message: 'x at http://h sent an answer that is not JSON',
    })
  assert.throws(() => readJson(Uint8Array.of(0x22, 0xff, 0x22), { who: 'x' }), { code: 'provider_protocol' })
})
